"""The gate: ratios of a fresh run beside those that were recorded; neither seconds nor the wall clock come into it.

Each target is watched by the CPU time that stands behind its figure, since that is what a busy machine moves least,
and by its memory where that is its figure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .results import Results
from .stats import rounded
from .targets import Target, Verdict, judge

FILE = Path(__file__).with_name("gate.json")
# Two runs of the same code differ by less than this, as long as not all cores are busy otherwise.
TOLERANCE = 0.25
# What memory differs by from run to run, whatever its size.
SLACK_MB = 2.0

# Its CPU time has its start in it, which at the small size of a quick run is half of it.
NOT_COMPARED = frozenset({"curl"})
CPU_BEHIND = {
    "ms": "cpu_ms",
    "seconds": "cpu_seconds",
    "us": "cpu_us",
    "mb_per_second": "cpu_seconds",
    "per_second": "cpu_us",
}


@dataclass(frozen=True)
class Change:
    """A ratio that got worse."""

    key: str
    area: str
    now: float
    recorded: float

    def __str__(self) -> str:
        return f"{self.key}: {self.now:.3g}, recorded {self.recorded:.3g}"


def watched(targets: Sequence[Target], results: Results) -> list[Verdict]:
    """What the gate looks at; each has to be small, whatever its target says."""
    steady = [
        replace(target, metric=CPU_BEHIND[target.metric], at_least=None) if target.metric in CPU_BEHIND else target
        for target in targets
        if target.of not in NOT_COMPARED
    ]
    return judge(steady, results)


def record(verdicts: Sequence[Verdict], path: Path = FILE) -> None:
    """Writes down what a later run is compared with."""
    ratios = {verdict.target.key: rounded(verdict.measured, 3) for verdict in verdicts if verdict.measured is not None}
    path.write_text(json.dumps({"tolerance": TOLERANCE, "ratios": ratios}, indent=1) + "\n", encoding="utf-8")


def worse(verdicts: Sequence[Verdict], path: Path = FILE) -> list[Change]:
    """What is worse than recorded by more than the tolerance; what was not recorded or not measured is not judged."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    tolerance: float = recorded["tolerance"]
    found: list[Change] = []
    for verdict in verdicts:
        target, now = verdict.target, verdict.measured
        before: float | None = recorded["ratios"].get(target.key)
        if before is None or now is None:
            continue
        slack = SLACK_MB if target.metric.endswith("_mb") and (target.plus is not None or not target.of) else 0.0
        if now > before + max(slack, tolerance * abs(before)):
            found.append(Change(target.key, target.area, now, before))
    return found
