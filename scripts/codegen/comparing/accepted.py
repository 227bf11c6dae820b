"""The differences held on purpose, each with its reason, as they stand in accepted.toml.

An entry is found by the place of a difference (`*` stands for any text), its kind, and where it matters the words of
either side. `since` and `until` name the first and the last document it is about, by the date in the document's name; a
document without a date is taken as the newest. An entry that matches nothing in a document it is about is an error:
what is no longer so must not go on excusing something else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .differ import Difference
from .document import UnusableDocument

KEYS = {"place", "kind", "upstream", "ours", "since", "until", "reason"}
NEWEST = "9999-12-31"


@dataclass(frozen=True)
class Accepted:
    """One difference, or one kind of difference, held on purpose."""

    place: tuple[str, ...]
    kind: tuple[str, ...]
    upstream: tuple[str, ...]
    ours: tuple[str, ...]
    since: str
    until: str
    reason: str

    def is_about(self, date: str) -> bool:
        """Whether the entry is about a document of that date."""
        return self.since <= date <= self.until

    def matches(self, one: Difference) -> bool:
        """Whether it holds a difference."""
        return (
            _any(self.place, one.place)
            and _any(self.kind, one.kind)
            and _any(self.upstream, one.upstream)
            and _any(self.ours, one.ours)
        )

    def __str__(self) -> str:
        return f"{' | '.join(self.place)} [{' | '.join(self.kind)}]"


def read_accepted(path: Path) -> list[Accepted]:
    """Read the entries of a file; raises UnusableDocument for one that is not as described above."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
        return [_entry(entry) for entry in entries]
    except (OSError, ValueError) as error:
        raise UnusableDocument(f"{path}: {error}") from error


def as_of(entries: Iterable[Accepted], date: str) -> list[Accepted]:
    """Return the entries as they stood when the document of that date was the newest."""
    return [replace(entry, until=NEWEST) if entry.until >= date else entry for entry in entries if entry.since <= date]


def date_of(name: str) -> str:
    """Return the date in a document's name, or one after all others."""
    found = re.search(r"\d{4}-\d{2}-\d{2}", Path(name).name)
    return found[0] if found else NEWEST


def _entry(entry: dict[str, Any]) -> Accepted:
    if unknown := entry.keys() - KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))} in {entry}")
    if not str(entry.get("reason", "")).strip() or "place" not in entry or "kind" not in entry:
        raise ValueError(f"an entry needs place, kind and reason: {entry}")
    return Accepted(
        place=_texts(entry["place"]),
        kind=_texts(entry["kind"]),
        upstream=_texts(entry.get("upstream", "*")),
        ours=_texts(entry.get("ours", "*")),
        since=str(entry.get("since", "")),
        until=str(entry.get("until", NEWEST)),
        reason=" ".join(str(entry["reason"]).split()),
    )


def _texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, one.split("*"))), text, re.DOTALL) for one in patterns)
