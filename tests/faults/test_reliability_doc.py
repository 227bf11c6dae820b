"""docs/reliability.md names tests and cases that are there, and counts what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from faults.__main__ import COUNTS
from faults.acts import CREATE
from faults.matrix import CASES, GROUPS
from faults.stage import COLOURS

HERE = Path(__file__).parent
TEXT = (HERE.parent.parent / "docs/reliability.md").read_text()
PROMISES = re.findall(r"^\| ([^|]+\.) \| (.+) \|$", TEXT, re.MULTILINE)


def _tests() -> set[str]:
    trees = (ast.parse(path.read_text()) for path in HERE.parent.rglob("test_*.py"))
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_is_held_by_something() -> None:
    """Each row names tests or cases, and each of these exists."""
    assert len(PROMISES) > 30
    tests, cases = _tests(), {case.id for case in CASES}
    missing: list[str] = []
    for promise, held_by in PROMISES:
        named = re.findall(r"`([^`]+)`", held_by)
        quoted = re.findall(r"(?<!\w)\*([^*]+)\*(?!\w)", held_by)
        assert named or quoted, promise
        missing += [name for name in named if name not in tests] + [name for name in quoted if name not in cases]
    assert [] == missing


def test_the_table_is_that_of_the_matrix() -> None:
    """Its rows count the cases of each group, all that could succeed does, and the rest is zeros."""
    rows = [line for line in TEXT.partition("<!-- table -->")[2].partition("<!-- /table -->")[0].splitlines() if line]
    wanted: list[str] = []
    for group in (*GROUPS, "all"):
        cases = [case for case in CASES if group in ("all", case.act.group)]
        could = len(COLOURS) * sum(case.raises is None for case in cases)
        told = len(COLOURS) * sum(case.raises is not None and case.jobs == 1 for case in cases if case.act is CREATE)
        cells = (group, str(len(COLOURS) * len(cases)), f"{could} of {could}", str(told), *("0" for _ in COUNTS))
        wanted.append(f"| {' | '.join(cells)} |")
    assert wanted == rows[2:]
