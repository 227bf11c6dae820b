"""Every case of the matrix has its one right outcome, in both colours."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from faults.case import Case, judge
from faults.matrix import CASES
from faults.server import FaultServer
from faults.stage import COLOURS


def test_the_matrix_is_large_and_each_case_has_a_name_of_its_own() -> None:
    """At least 250 cases, none twice."""
    names = [case.id for case in CASES]
    assert [] == [name for name in names if names.count(name) > 1]
    assert len(names) >= 250


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_case_has_its_one_right_outcome(
    case: Case, colour: str, one_fault_server: FaultServer, tls_server: FaultServer, tmp_path: Path
) -> None:
    """The value is true or the error the right one, and the world and the folder hold what they must."""
    server = tls_server if case.tls else one_fault_server
    assert () == judge(server, case, colour, tmp_path / "stage").problems


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.act.group in ("download", "run")][::6], ids=lambda case: case.id
)
def test_it_has_it_where_every_file_has_a_name(
    case: Case,
    colour: str,
    one_fault_server: FaultServer,
    tls_server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on systems without O_TMPFILE: what grows beside the target is gone in the end, whatever the end."""
    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.setattr(tempfile, "_O_TMPFILE_WORKS", False)
    server = tls_server if case.tls else one_fault_server
    assert () == judge(server, case, colour, tmp_path / "stage").problems
