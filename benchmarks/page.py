"""The page: `docs/performance.md` and its charts, from what a run found. Pure text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from .areas import Area, Case, Metric
from .chart import Bar, Group, drawn
from .contestants import CONTENDERS
from .results import CaseResult, Results
from .stats import ratio, summary
from .targets import TIMES, Proof, Verdict

TEMPLATE = Path(__file__).with_name("page.md")


def page(results: Results, areas: Sequence[Area], verdicts: Sequence[Verdict], proven: Sequence[Proof]) -> str:
    """The page as Markdown."""
    told = [section(area, results.areas[area.name], verdicts) for area in areas if area.name in results.areas]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        run=_run(results),
        targets=_targets(verdicts, areas),
        proofs=_proofs(proven),
        areas="\n".join(told).rstrip(),
    )


def section(area: Area, cases: dict[str, CaseResult], verdicts: Sequence[Verdict]) -> str:
    """What one area found."""
    lines = [f"## {area.title}\n", *area.says, f"\n![{area.title}](performance/{area.name}.svg)"]
    for case in area.cases:
        if case.name not in cases:
            continue
        found = cases[case.name]
        lines += [f"\n### {area.title}: {case.name}\n", table(area, case, found)]
        lines += [f"\nLeft out: {entry}, {why}." for entry, why in found.left_out.items()]
        lines.append("")
        for verdict in verdicts:
            target = verdict.target
            if (target.area, target.case) == (area.name, case.name):
                lines.append(f"- {_told(verdict, area)}")
                if verdict.met is False and target.note:
                    lines += [f"  {line}" for line in target.note.strip().splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def table(area: Area, case: Case, found: CaseResult) -> str:
    """The figures of one case."""
    first, *others = area.metrics
    header = [f"{first.title}, {first.unit}", "median", "least to most", "ours to it"]
    header += [f"{metric.title}, {metric.unit}" for metric in others]
    rows = []
    ours = found.values("ours", first.key)
    for entry in case.entries:
        values = found.values(entry.name, first.key)
        if not values:
            continue
        told = summary(values)
        compared = ratio(ours, values) if ours and entry.name != "ours" else None
        row = [
            f"**{entry.name}**" if CONTENDERS[entry.contender].kind == "ours" else entry.name,
            _figure(told.median, first),
            f"{_figure(told.least, first)} to {_figure(told.most, first)}",
            f"{compared.median:.2f} {TIMES} ({compared.least:.2f} to {compared.most:.2f})" if compared else "",
        ]
        for metric in others:
            more = found.values(entry.name, metric.key)
            row.append(_figure(summary(more).median, metric) if more else "")
        rows.append(row)
    return markdown(header, rows)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in columns of even width, figures to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        aligned = (
            f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(aligned)} |"

    rule = "|".join(
        "-" * (width + 2) if number == 0 else "-" * (width + 1) + ":" for number, width in enumerate(widths)
    )
    return "\n".join([line(header), f"|{rule}|", *map(line, rows)])


def chart(area: Area, cases: dict[str, CaseResult]) -> str:
    """The chart of one area: its first metric."""
    metric = area.metrics[0]
    groups = []
    for case in area.cases:
        found = cases.get(case.name)
        bars = [
            Bar(entry.name, CONTENDERS[entry.contender].kind, summary(values))
            for entry in case.entries
            if found and (values := found.values(entry.name, metric.key))
        ]
        if bars:
            groups.append(Group(case.name, bars))
    words = "longer is better" if metric.better == "more" else "shorter is better"
    return drawn(area.title, f"{metric.title}, {metric.unit}: {words}", groups, metric.digits)


def _run(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items() if name != "python")
    place = f"{machine['cores']} cores ({machine['processor']}), {machine['system']}, {machine['python']}"
    lines = [
        f"This was a {results.mode} run of {results.rounds} rounds on {place}, large files {machine['files']}.",
        f"Versions: {versions}.",
    ]
    if results.mode == "quick":
        lines.append(
            "Sizes were smaller than the names of the cases say, and only those took part that a target names."
        )
    lines += [f"Left out: {name}, {why}." for name, why in results.missing.items()]
    return "\n".join(lines)


def _targets(verdicts: Sequence[Verdict], areas: Sequence[Area]) -> str:
    by_name = {area.name: area for area in areas}
    rows = []
    for verdict in verdicts:
        target = verdict.target
        unit = _metric(by_name[target.area], target.metric)
        what = f"{by_name[target.area].title}: {target.case}"
        who = f"{unit.title}{f' of {target.ours}' if target.ours != 'ours' else ''}"
        measured = target.reached(unit.unit, verdict.measured) if verdict.measured is not None else ""
        word = f"**{verdict.word}**" if verdict.met is False else verdict.word
        rows.append([what, who, target.limit(unit.unit), measured, word])
    return markdown(["what", "figure", "target", "measured", ""], rows)


def _proofs(proven: Sequence[Proof]) -> str:
    if not proven:
        return "No area was measured that could tell."
    rows = [
        [
            f"{proof.area}: {proof.case}",
            f"{proof.raw:,.0f} {proof.unit}",
            f"{proof.fastest:,.0f} {proof.unit} ({proof.who})",
            f"{proof.raw / proof.fastest:.2f} {TIMES}",
            f"≥ {proof.margin:g} {TIMES}",
            "holds" if proof.holds else "**does not hold**",
        ]
        for proof in proven
    ]
    return markdown(["what", "raw socket", "fastest client", "ratio", "asked", ""], rows)


def _told(verdict: Verdict, area: Area) -> str:
    target = verdict.target
    metric = _metric(area, target.metric)
    measured = f": {target.reached(metric.unit, verdict.measured)}" if verdict.measured is not None else ""
    who = f" of {target.ours}" if target.ours != "ours" else ""
    return f"Target: {metric.title}{who} {target.limit(metric.unit)}{measured}, {verdict.word}."


def _metric(area: Area, key: str) -> Metric:
    return next(metric for metric in area.metrics if metric.key == key)


def _figure(value: float, metric: Metric) -> str:
    return f"{value:,.{metric.digits}f}"
