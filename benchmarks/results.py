"""What a run found, as a value that is JSON on disk."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .stats import rounded

Samples = dict[str, list[float]]


@dataclass
class CaseResult:
    """The samples of each entry by metric, and why others have none."""

    samples: dict[str, Samples] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, entry: str, sample: dict[str, float]) -> None:
        """Notes one round of one entry."""
        kept = self.samples.setdefault(entry, {})
        for key, value in sample.items():
            kept.setdefault(key, []).append(rounded(value))

    def leave_out(self, entry: str, why: str) -> None:
        """Notes that an entry takes no part; what it did in earlier rounds is forgotten."""
        self.samples.pop(entry, None)
        self.left_out[entry] = why

    def values(self, entry: str, metric: str) -> list[float]:
        """The rounds of one entry, empty where there are none."""
        return self.samples.get(entry, {}).get(metric, [])


@dataclass
class Results:
    """A run: on what, of which versions, and the cases by area and name."""

    mode: str
    rounds: int
    machine: dict[str, str]
    versions: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)
    areas: dict[str, dict[str, CaseResult]] = field(default_factory=dict)

    def values(self, area: str, case: str, entry: str, metric: str) -> list[float]:
        """The rounds of one figure, empty where there are none."""
        found = self.areas.get(area, {}).get(case)
        return found.values(entry, metric) if found else []

    def save(self, path: Path) -> None:
        """Writes it down, one figure a line."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        path.write_text(_lists_on_one_line(text) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Reads what `save` wrote."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    areas = {
        area: {name: CaseResult(**case) for name, case in cases.items()} for area, cases in raw.pop("areas").items()
    }
    return Results(**raw, areas=areas)


def _lists_on_one_line(text: str) -> str:
    import re

    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text)
