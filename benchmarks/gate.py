"""The gate: the ratios of a fresh run beside those that were recorded; seconds are never compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .stats import rounded
from .targets import Verdict

FILE = Path(__file__).with_name("gate.json")
# Two runs of the same code differ by less than this on a machine that does nothing else.
TOLERANCE = 0.25
# What memory differs by from run to run, whatever its size.
SLACK_MB = 2.0


@dataclass(frozen=True)
class Change:
    """A ratio that got worse."""

    verdict: Verdict
    recorded: float

    def __str__(self) -> str:
        return f"{self.verdict.target.key}: {self.verdict.measured:.3g}, recorded {self.recorded:.3g}"


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
        before: float | None = recorded["ratios"].get(verdict.target.key)
        if before is not None and verdict.measured is not None and _is_worse(verdict, before, tolerance):
            found.append(Change(verdict, before))
    return found


def _is_worse(verdict: Verdict, before: float, tolerance: float) -> bool:
    now = verdict.measured
    assert now is not None
    target = verdict.target
    if target.plus is not None or (not target.of and target.metric.endswith("_mb")):
        return now > before + max(SLACK_MB, tolerance * abs(before))
    return now > before * (1 + tolerance) if target.less_is_better else now < before / (1 + tolerance)
