"""The targets: what was measured against each, and whether it is met."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .results import Results
from .stats import ratio, rounded

TIMES = "\N{MULTIPLICATION SIGN}"
FILE = Path(__file__).with_name("targets.toml")
# The raw client must be so many times as fast as the fastest client, for the server not to be what is measured.
# Calls one after another wait for the server as long as any client does; what is compared of them is CPU time.
CALLS_MARGIN = 1.5
BYTES_MARGIN = 1.0


@dataclass(frozen=True)
class Target:
    """One bound on a figure of ours, as in targets.toml."""

    area: str
    case: str
    metric: str
    ours: str = "ours"
    at_most: float | None = None
    at_least: float | None = None
    plus: float | None = None
    of: str = ""
    of_case: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """What tells it from the others, in every version of the file."""
        other = f" of {self.of}{f' at {self.of_case}' if self.of_case else ''}" if self.of else ""
        return f"{self.area}: {self.case}: {self.metric} of {self.ours}{other}"

    @property
    def less_is_better(self) -> bool:
        return self.at_least is None

    def limit(self, unit: str) -> str:
        """The bound in words."""
        other = f"{self.of}, {self.of_case}" if self.of_case else self.of
        if self.plus is not None:
            return f"≤ {other} + {self.plus:g} {unit}"
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {bound:g} {TIMES} {other}" if self.of else f"{sign} {bound:g} {unit}"

    def reached(self, unit: str, measured: float) -> str:
        """A measured figure in the words of the bound."""
        value = f"{rounded(measured, 3):g}"
        if self.plus is not None:
            return f"{rounded(measured, 3):+g} {unit}"
        return f"{value} {TIMES}" if self.of else f"{value} {unit}"


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured: None where a side of it was not."""

    target: Target
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is met; None where it was not measured."""
        target = self.target
        if self.measured is None:
            return None
        if target.at_least is not None:
            return self.measured >= target.at_least
        bound = target.at_most if target.plus is None else target.plus
        return bound is not None and self.measured <= bound

    @property
    def word(self) -> str:
        return {True: "met", False: "missed", None: "not measured"}[self.met]


def load(path: Path = FILE) -> tuple[Target, ...]:
    """The targets of the file."""
    return tuple(Target(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["target"])


def needed(targets: Sequence[Target]) -> frozenset[tuple[str, str, str]]:
    """Who has to be measured for the targets and the proofs, by area, case and name."""
    found: set[tuple[str, str, str]] = set()
    for target in targets:
        found |= {(target.area, target.case, name) for name in (target.ours, "ours", "socket")}
        if target.of:
            found.add((target.area, target.of_case or target.case, target.of))
    return frozenset(found)


def judge(targets: Sequence[Target], results: Results) -> list[Verdict]:
    """Each target with what was measured."""
    return [Verdict(target, _measured(target, results)) for target in targets]


def _measured(target: Target, results: Results) -> float | None:
    ours = results.values(target.area, target.case, target.ours, target.metric)
    if not ours:
        return None
    if not target.of:
        return median(ours)
    theirs = results.values(target.area, target.of_case or target.case, target.of, target.metric)
    if not theirs:
        return None
    if target.plus is not None:
        return median(ours) - median(theirs)
    return ratio(ours, theirs).median


@dataclass(frozen=True)
class Proof:
    """What a raw socket did at its best beside the fastest client at its best, against the same server."""

    area: str
    case: str
    unit: str
    raw: float
    fastest: float
    who: str
    margin: float

    @property
    def holds(self) -> bool:
        return self.raw >= self.margin * self.fastest


def proofs(results: Results, callers: Sequence[str]) -> list[Proof]:
    """The proofs that a run has; `callers` are the clients that count where calls are made, all do for bytes."""
    found: list[Proof] = []
    for area, metric, unit, margin in (
        ("calls", "per_second", "calls/s", CALLS_MARGIN),
        ("async", "per_second", "calls/s", CALLS_MARGIN),
        ("upload", "mb_per_second", "MB/s", BYTES_MARGIN),
        ("download", "mb_per_second", "MB/s", BYTES_MARGIN),
    ):
        for name, case in results.areas.get(area, {}).items():
            # Where the server waits on purpose, nobody is faster than that.
            if "after" in name or not case.values("socket", metric):
                continue
            others = {
                entry: max(case.values(entry, metric))
                for entry in case.samples
                if entry != "socket" and (unit == "MB/s" or entry in callers)
            }
            if others:
                who = max(others, key=lambda entry: others[entry])
                raw = max(case.values("socket", metric))
                found.append(Proof(area, name, unit, raw, others[who], who, margin))
    return found
