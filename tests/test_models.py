"""The values that users hold."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from together_batches import (
    BatchEndpoint,
    BatchJob,
    BatchJobStatus,
    BatchResult,
    CheckReport,
    FileDeleted,
    FileObject,
    FileProblem,
    ResultError,
    RunSummary,
    Usage,
)

ENDED = {"COMPLETED": True, "FAILED": True, "EXPIRED": True, "CANCELLED": True}


@pytest.mark.parametrize(
    "name", ["VALIDATING", "IN_PROGRESS", "COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "CANCELING"]
)
def test_a_known_status_is_its_text(name: str) -> None:
    """Each status is a string, known, found by name and by value, and terminal when nothing can follow it."""
    status = BatchJobStatus(name)
    assert status is BatchJobStatus[name]
    assert name == status == str(status) == f"{status}"
    assert status.is_known
    assert ENDED.get(name, False) == status.is_terminal == BatchJob(id="a", status=status).is_terminal


def test_the_statuses_are_those_of_the_contract_and_one_seen_live() -> None:
    """Making an unknown one adds none."""
    before = list(BatchJobStatus)
    assert BatchJobStatus("PAUSED") not in before
    assert 7 == len(list(BatchJobStatus)) == len(before)


@given(st.text() | st.sampled_from(["PAUSED", "completed", "COMPLETED ", "is_known", "__class__", "mro"]))
def test_an_unknown_status_behaves_as_its_text(text: str) -> None:
    """A status of tomorrow is equal to itself and to its text, and survives sets, dicts, copies and pickles."""
    status = BatchJobStatus(text)
    assert isinstance(status, BatchJobStatus)
    assert text == status == str(status) == status.value == status.name
    assert BatchJobStatus(text) == status
    assert hash(BatchJobStatus(text)) == hash(status)
    assert {status} == {BatchJobStatus(text), status}
    assert 1 == {status: 1}[BatchJobStatus(text)]
    for again in (copy.copy(status), copy.deepcopy(status), pickle.loads(pickle.dumps(status))):
        assert (status, BatchJobStatus, text) == (again, type(again), str(again))


def test_an_unknown_status_is_neither_known_nor_terminal() -> None:
    """What a status of tomorrow means is not guessed."""
    status = BatchJobStatus("PAUSED")
    assert (False, False) == (status.is_known, status.is_terminal)
    assert "PAUSED" in repr(status)
    assert status != BatchJobStatus.COMPLETED
    assert status not in {BatchJobStatus.COMPLETED, BatchJobStatus.FAILED}


@pytest.mark.parametrize(("text", "expected"), [("COMPLETED", "ended"), ("PAUSED", "text"), ("NEW", "other")])
def test_a_status_can_be_matched(text: str, expected: str) -> None:
    """`match` finds members and texts alike."""
    match BatchJobStatus(text):
        case BatchJobStatus.COMPLETED:
            found = "ended"
        case "PAUSED":
            found = "text"
        case _:
            found = "other"
    assert expected == found


@pytest.mark.parametrize("value", [None, 5, True, ["COMPLETED"]])
def test_what_is_no_text_is_no_status(value: Any) -> None:
    """Only a string can be a status."""
    with pytest.raises(ValueError, match="is not a valid"):
        BatchJobStatus(value)


def test_an_endpoint_is_its_path() -> None:
    """The endpoints are strings, to be given as such."""
    assert [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
    ] == [str(endpoint) for endpoint in BatchEndpoint]


def test_a_job_needs_an_id_only() -> None:
    """All else is None until the service says it, progress is 0.0, and a job without a status has not ended."""
    job = BatchJob(id="job-1")
    rest = {name: getattr(job, name) for name in BatchJob.__slots__ if name not in {"id", "__weakref__"}}
    assert {"progress": 0.0, "extra": {}} == {name: value for name, value in rest.items() if value is not None}
    assert 15 <= len(rest)
    assert not job.is_terminal


def test_a_file_needs_an_id_only() -> None:
    """All else is None until the service says it."""
    file = FileObject(id="file-1")
    assert (
        FileObject(
            id="file-1",
            filename=None,
            bytes=None,
            purpose=None,
            created_at=None,
            object=None,
            file_type=None,
            processed=None,
            line_count=None,
            extra={},
        )
        == file
    )


VALUES = [
    BatchJob(id="job-1", status=BatchJobStatus("PAUSED"), extra={"project_id": "p"}),
    FileObject(id="file-1", extra={"a": [1]}),
    FileDeleted(id="file-1"),
    FileProblem(3, "is blank"),
    CheckReport(name="a.jsonl", size_bytes=1, requests=1),
    Usage(prompt_tokens=1),
    ResultError(message="no"),
    BatchResult(custom_id="a", body={"a": 1}),
    RunSummary(job=BatchJob(id="job-1"), output=Path("out"), failed={"x": 1}),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_and_travel(value: Any) -> None:
    """Every value refuses a change, has a hash, and is equal to its pickle and its copies."""
    name = type(value).__attrs_attrs__[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, "other")
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (value, hash(value)) == (again, hash(again))


def test_no_answer_stands_in_a_repr() -> None:
    """What a model answered is not shown by accident."""
    result = BatchResult(custom_id="a", status_code=200, body={"choices": "the secret answer"})
    assert "secret" not in repr(result)
    assert "custom_id='a'" in repr(result)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (BatchResult(), False),
        (BatchResult(body={}), True),
        (BatchResult(body={"a": 1}), True),
        (BatchResult(body={}, error=ResultError(message="no")), False),
        (BatchResult(error=ResultError(message="no")), False),
    ],
)
def test_a_result_is_ok_when_it_is_an_answer(result: BatchResult, expected: bool) -> None:
    """An answer is a body without an error."""
    assert expected == result.ok


def test_a_problem_reads_as_a_sentence() -> None:
    """A problem names its line, if it has one."""
    assert "line 3: is blank" == str(FileProblem(3, "is blank"))
    assert "too large" == str(FileProblem(None, "too large"))


def test_a_report_is_ok_without_problems() -> None:
    """One problem is enough not to send a file."""
    good = CheckReport(name="a.jsonl", size_bytes=1, requests=1)
    assert (True, False) == (good.ok, evolve(good, problems=(FileProblem(1, "is blank"),)).ok)


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, True), ({"failed": {"x": 1}}, False), ({"missing": 1}, False), ({"unmatched": 1}, False)],
)
def test_all_answered_means_each_exactly_once(change: dict[str, Any], expected: bool) -> None:
    """A failed, a missing or a surplus row is not all."""
    assert expected == evolve(RunSummary(job=BatchJob(id="job-1"), output=Path("out")), **change).all_answered
