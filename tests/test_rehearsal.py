"""When the contract changes, the gate that should notice does, and the others stay green."""

from __future__ import annotations

import pytest

from rehearsal import ROWS, Row, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A folder for all changes: mypy reads again only what a change made different."""
    return Stage(tmp_path_factory.mktemp("rehearsal"))


@pytest.mark.parametrize("row", ROWS, ids=[name for name, _, _ in ROWS])
def test_a_change_turns_the_right_gates_red(stage: Stage, row: Row) -> None:
    """The gates of the row and no other."""
    _, change, expected = row
    red = stage.red(change)
    assert expected == red.keys(), "\n\n".join(f"{gate}: {said}" for gate, said in red.items())
