"""What a run found, for people: a table testee by area, and a page with each failing vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.runner import Report
    from parity.vectors import Vector


def areas(vectors: Sequence[Vector]) -> list[str]:
    """The areas, in the order they first come."""
    return list(dict.fromkeys(vector["area"] for vector in vectors))


def cell(report: Report, area: str | None) -> str:
    """Passed of covered, as `12/14`; empty where the testee was not run, `-` where it covers nothing."""
    if report.skipped:
        return ""
    results = [result for result in report.results if area in {None, result.vector["area"]}]
    covered = [result for result in results if result.problems is not None]
    return f"{sum(result.passed for result in covered)}/{len(covered)}" if covered else "-"


def summary(report: Report) -> str:
    """One line on a testee."""
    if report.skipped:
        return f"{report.entry.name}: skipped, {report.skipped}"
    uncovered = sum(result.problems is None for result in report.results)
    return (
        f"{report.entry.name} {report.version}: {cell(report, None)} passed"
        f"{f', {uncovered} not covered' if uncovered else ''}, {report.seconds:.0f} s"
    )


def table(reports: Sequence[Report], vectors: Sequence[Vector]) -> str:
    """The matrix in columns of plain text, which is Markdown too."""
    rows = [["testee", *areas(vectors), "all", "not covered", ""]]
    for report in reports:
        uncovered = sum(result.problems is None for result in report.results)
        name = f"{report.entry.name} {report.version}".strip()
        note = "skipped" if report.skipped else "judged" if report.entry.judged else "reported"
        row = [cell(report, area) for area in areas(vectors)]
        rows.append([name, *row, cell(report, None), "" if report.skipped else str(uncovered), note])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def failures(report: Report) -> str:
    """Each failing vector of a testee: its claim, what was wrong, and what was sent."""
    lines = []
    for result in report.failed:
        lines.append(f"- **{result.vector['name']}** ({result.vector['area']}): {result.vector['claim']}")
        lines += [f"  - {_quoted(problem)}" for problem in result.problems or ()]
        lines.append(f"  - sent: {_quoted('; '.join(result.seen)) if result.seen else 'nothing'}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def page(reports: Sequence[Report], vectors: Sequence[Vector]) -> str:
    """The report as Markdown; nothing in it changes between two runs that find the same, but ports."""
    parts = [
        "# Parity\n",
        "Written by `scripts/parity`, which holds clients in several languages to the vectors in "
        "`tests/parity/vectors`; `tests/parity/README.md` says how.",
        "Each cell is passed of covered: a vector counts only where the client has the operation.",
        "Clients that are judged must pass all they cover.",
        "The official clients are reported as they are: their deviations are facts for who runs both.\n",
        table(reports, vectors) + "\n",
    ]
    for report in reports:
        parts.append(f"## {report.entry.title}\n")
        if report.skipped:
            parts.append(f"Skipped: {report.skipped}.\n")
        elif not report.failed:
            parts.append(f"Passes all {cell(report, None).partition('/')[0]} that it covers.\n")
        else:
            parts.append(failures(report))
    return "\n".join(parts)
