"""A chart of an area as SVG: a bar for each contender, readable in light and dark, without any script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .contestants import Kind
from .stats import Summary

WIDTH, LABEL, VALUE = 760, 190, 110
ROW, BAR, HEADING, GAP, PAD = 24, 14, 30, 12, 16
# A panel of its own, so that the colours of the page around it do not matter.
STYLE = """
  .panel { fill: #ffffff; stroke: #d0d7de; }
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .case { font-weight: 600; }
  .soft { fill: #59636e; }
  .ours { fill: #0969da; } .peer { fill: #bc4c00; } .floor { fill: #8c959f; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    .panel { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .soft { fill: #9198a1; }
    .ours { fill: #4493f8; } .peer { fill: #db6d28; } .floor { fill: #656c76; }
    .range { stroke: #f0f6fc; }
  }
"""


@dataclass(frozen=True)
class Bar:
    """One contender's figure."""

    name: str
    kind: Kind
    value: Summary


@dataclass(frozen=True)
class Group:
    """The bars of one case, on one scale."""

    name: str
    bars: Sequence[Bar]


def drawn(title: str, subtitle: str, groups: Sequence[Group], digits: int = 0) -> str:
    """The chart as the text of an SVG file."""
    y = PAD + 18
    lines = [f'<text class="title" x="{PAD}" y="{y}">{escape(title)}</text>']
    y += 20
    lines.append(f'<text class="soft" x="{PAD}" y="{y}">{escape(subtitle)}</text>')
    legend = (("ours", "ours"), ("peer", "other clients"), ("floor", "bare libraries and tools"))
    x = WIDTH - PAD - 345
    for kind, words in legend:
        lines.append(f'<rect class="{kind}" x="{x}" y="{PAD + 8}" width="10" height="10" rx="2"/>')
        lines.append(f'<text class="soft" x="{x + 15}" y="{PAD + 18}">{words}</text>')
        x += 65 if kind == "ours" else 110
    y += GAP
    for group in groups:
        y += HEADING - 8
        lines.append(f'<text class="case" x="{PAD}" y="{y}">{escape(group.name)}</text>')
        y += 8
        for bar in group.bars:
            lines += _row(bar, y, max(bar.value.most for bar in group.bars), digits)
            y += ROW
    height = y + PAD
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
        f'<rect class="panel" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _row(bar: Bar, y: int, most: float, digits: int) -> list[str]:
    room = WIDTH - 2 * PAD - LABEL - VALUE
    start = PAD + LABEL

    def at(value: float) -> float:
        return round(start + room * value / most, 1) if most else start

    middle = y + ROW / 2
    name_class = ' class="case"' if bar.kind == "ours" else ""
    end = at(bar.value.most)
    return [
        f'<text{name_class} x="{start - 10}" y="{middle + 4.5}" text-anchor="end">{escape(bar.name)}</text>',
        f'<rect class="{bar.kind}" x="{start}" y="{middle - BAR / 2}" '
        f'width="{max(1.0, round(at(bar.value.median) - start, 1))}" height="{BAR}" rx="2"/>',
        f'<path class="range" d="M{at(bar.value.least)} {middle} H{end}"/>',
        f'<text x="{end + 8}" y="{middle + 4.5}">{bar.value.median:,.{digits}f}</text>',
    ]
