"""Medians, and ratios taken round by round: what ran side by side is compared with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Summary:
    """What a few rounds gave."""

    median: float
    least: float
    most: float


def summary(values: Sequence[float]) -> Summary:
    """The median, the least and the most."""
    return Summary(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Summary:
    """Ours by theirs, in each round: when the machine slows down it does so for both, and the ratio holds."""
    return summary([one / other for one, other in zip(ours, theirs, strict=False)])


def rounded(value: float, digits: int = 4) -> float:
    """To so many significant digits: more are noise."""
    return float(f"{value:.{digits}g}")
