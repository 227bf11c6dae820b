"""Writes what was found: for a person, as Markdown, or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import TextWrapper

from .accepted import Accepted
from .differ import Difference
from .judge import VERDICTS, Judgement

WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """A difference in all the places where it shows, what it means, and why it is held, if it is."""

    difference: Difference
    places: tuple[str, ...]
    judgement: Judgement
    accepted: Accepted | None


@dataclass(frozen=True)
class Comparison:
    """All that a comparison found."""

    upstream: str
    ours: str
    common: int
    findings: tuple[Finding, ...]
    # Entries that are about this document and hold nothing in it.
    stale: tuple[Accepted, ...]

    @property
    def unexplained(self) -> list[Finding]:
        """What nobody has given a reason for, the gravest first."""
        open_ones = [finding for finding in self.findings if not finding.accepted]
        return sorted(open_ones, key=lambda finding: VERDICTS.index(finding.judgement.verdict))

    @property
    def held(self) -> dict[Accepted, list[Finding]]:
        """What is held on purpose, by the entry that holds it."""
        groups: dict[Accepted, list[Finding]] = {}
        for finding in self.findings:
            if finding.accepted:
                groups.setdefault(finding.accepted, []).append(finding)
        return groups

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to do."""
        return not self.unexplained and not self.stale

    def summary(self) -> str:
        """The numbers, in one line."""
        counts = Counter(finding.judgement.verdict for finding in self.unexplained)
        which = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        unexplained = _count(len(self.unexplained), "difference") + " unexplained" + (f" ({which})" if which else "")
        parts = [unexplained, f"{len(self.findings) - len(self.unexplained)} held on purpose"]
        if self.stale:
            parts.append(f"{_count(len(self.stale), 'accepted entry', 'accepted entries')} stale")
        return f"{_count(self.common, 'operation')} in common; {', '.join(parts)}."


def as_text(result: Comparison) -> str:
    """For a person, at most 100 columns wide where the words allow it."""
    lines = [f"{result.upstream} against {result.ours}", _wrapped("", result.summary())]
    for finding in result.unexplained:
        one, meaning = finding.difference, finding.judgement
        lines += ["", f"{meaning.verdict.upper():9} {one.place} [{one.kind}]{_more(finding)}"]
        said = {
            "upstream": one.upstream,
            "ours": one.ours,
            "client": meaning.client,
            "users": meaning.users,
            "edit": meaning.edit,
        }
        lines += [_wrapped(f"    {name:9}", text) for name, text in said.items()]
    if result.held:
        lines += ["", "Held on purpose:"]
    for entry, findings in result.held.items():
        lines += ["", _wrapped("  ", entry.reason)]
        for finding in findings:
            one = finding.difference
            head = f"{one.place} [{one.kind}]{_more(finding)}:"
            lines.append(_wrapped("    ", f"{head} upstream {one.upstream}; ours {one.ours}", deeper=4))
    if result.stale:
        lines += [
            "",
            "STALE in accepted.toml, holding nothing in this document: remove them, or end them with `until`:",
        ]
        lines += [_wrapped("    ", f"{entry} ({entry.reason})", deeper=4) for entry in result.stale]
    return "\n".join(lines)


def as_markdown(result: Comparison) -> str:
    """For an issue or a page."""
    lines = [f"## {result.upstream} against {result.ours}", "", result.summary()]
    if result.unexplained:
        columns = ("Verdict", "Place", "Fact", "Upstream", "Ours", "Client", "Users", "Edit")
        rows = [
            (f.judgement.verdict, _code(f), f.difference.kind, f.difference.upstream, f.difference.ours,
             f.judgement.client, f.judgement.users, f.judgement.edit)
            for f in result.unexplained
        ]  # fmt: skip
        lines += ["", "### Unexplained", "", *_table(columns, rows)]
    if result.held:
        reasons = [
            (_code(f), f.difference.kind, f.difference.upstream, f.difference.ours, entry.reason)
            for entry, group in result.held.items()
            for f in group
        ]
        lines += ["", "### Held on purpose", "", *_table(("Place", "Fact", "Upstream", "Ours", "Reason"), reasons)]
    if result.stale:
        lines += ["", "### Stale entries of accepted.toml", "", *(f"- `{one}`: {one.reason}" for one in result.stale)]
    return "\n".join(lines)


def as_json(result: Comparison) -> str:
    """For a program: every place, nothing shortened."""
    findings = [
        {
            "place": finding.difference.place,
            "places": finding.places,
            "kind": finding.difference.kind,
            "way": finding.difference.way or None,
            "upstream": finding.difference.upstream,
            "ours": finding.difference.ours,
            "verdict": finding.judgement.verdict,
            "client": finding.judgement.client,
            "users": finding.judgement.users,
            "edit": finding.judgement.edit,
            "reason": finding.accepted.reason if finding.accepted else None,
        }
        for finding in result.findings
    ]
    stale = [{"entry": str(entry), "reason": entry.reason} for entry in result.stale]
    head = {"upstream": result.upstream, "ours": result.ours, "clean": result.is_clean, "common": result.common}
    return json.dumps({**head, "differences": findings, "stale": stale}, indent=2)


def _count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def _more(finding: Finding) -> str:
    more = len(finding.places) - 1
    return f" and {_count(more, 'more place')}" if more else ""


def _wrapped(start: str, text: str, deeper: int = 0) -> str:
    wrapper = TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    wrapper.initial_indent, wrapper.subsequent_indent = start, " " * (len(start) + deeper)
    return wrapper.fill(text)


def _code(finding: Finding) -> str:
    return f"`{finding.difference.place}`{_more(finding)}"


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    head = list(columns)
    return [line(head), line("---" for _ in head), *(line(row) for row in rows)]
