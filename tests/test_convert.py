"""From what came to what users hold: whatever a field is, the value keeps its promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import contract
from together_batches import BatchJob, BatchJobStatus, FileObject, _convert
from together_batches._convert import FILE_FIELDS, JOB_FIELDS

JOB: dict[str, Any] = {
    "id": "job-1",
    "user_id": "u",
    "input_file_id": "file-1",
    "file_size_bytes": 12,
    "status": "COMPLETED",
    "job_deadline": "2026-09-22T14:13:20Z",
    "created_at": "2026-09-21T14:13:20Z",
    "endpoint": "/v1/chat/completions",
    "progress": 0.5,
    "model_id": "m",
    "output_file_id": "file-2",
    "error_file_id": "file-3",
    "error": "why",
    "completed_at": "2026-09-21T15:13:20Z",
}
FILE: dict[str, Any] = {
    "id": "file-1",
    "object": "file",
    "created_at": 1_790_000_000,
    "filename": "a.jsonl",
    "bytes": 12,
    "purpose": "batch-api",
    "FileType": "jsonl",
    "Processed": True,
    "LineCount": 3,
}
ATTRIBUTE = {"FileType": "file_type", "Processed": "processed", "LineCount": "line_count"}
WHEN = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def batch_job(raw: object, warning: object = None) -> BatchJob:
    """The job in a reply that holds one."""
    job = _convert.batch_job(raw, warning)
    assert job is not None
    return job


def file_object(raw: object) -> FileObject:
    """The file in a reply that holds one."""
    file = _convert.file_object(raw)
    assert file is not None
    return file


def test_a_whole_job_is_read() -> None:
    """Every field of the contract has its place and type."""
    assert BatchJob(
        id="job-1",
        user_id="u",
        input_file_id="file-1",
        file_size_bytes=12,
        status=BatchJobStatus.COMPLETED,
        job_deadline=WHEN + 24 * HOUR,
        created_at=WHEN,
        endpoint="/v1/chat/completions",
        progress=0.5,
        model_id="m",
        output_file_id="file-2",
        error_file_id="file-3",
        error="why",
        completed_at=WHEN + HOUR,
        warning="slow",
    ) == batch_job(JOB, "slow")


def test_a_whole_file_is_read() -> None:
    """Every field of the contract has its place and type; the odd capitals are gone."""
    assert FileObject(
        id="file-1",
        object="file",
        created_at=WHEN,
        filename="a.jsonl",
        bytes=12,
        purpose="batch-api",
        file_type="jsonl",
        processed=True,
        line_count=3,
    ) == file_object(FILE)


@pytest.mark.parametrize("name", sorted(JOB.keys() - {"id"}))
def test_a_field_of_a_job_may_be_absent_or_null(name: str) -> None:
    """Absent and null are both None (progress: 0.0), nothing else changes, and nothing is kept of them."""
    expected = {field: getattr(batch_job(JOB), field) for field in JOB} | {name: 0.0 if name == "progress" else None}
    for raw in ({**JOB, name: None}, {field: value for field, value in JOB.items() if field != name}):
        job = batch_job(raw)
        assert expected == {field: getattr(job, field) for field in JOB}
        assert {} == job.extra


@pytest.mark.parametrize("name", sorted(FILE.keys() - {"id"}))
def test_a_field_of_a_file_may_be_absent_or_null(name: str) -> None:
    """Absent and null are both None, nothing else changes, and nothing is kept of them."""
    attribute = {field: ATTRIBUTE.get(field, field) for field in FILE}
    expected = {field: getattr(file_object(FILE), attribute[field]) for field in FILE} | {name: None}
    for raw in ({**FILE, name: None}, {field: value for field, value in FILE.items() if field != name}):
        file = file_object(raw)
        assert expected == {field: getattr(file, attribute[field]) for field in FILE}
        assert {} == file.extra


def wrong(value: Any) -> list[Any]:
    """Values of other types than that of `value`."""
    kinds: list[Any] = ["text", 5, 2.5, True, ["x"], {"a": 1}]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    numbers = {int, float} if isinstance(value, float) else {type(value)} if number else set()
    return [kind for kind in kinds if type(kind) not in {type(value), *numbers}]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in sorted(JOB.keys() - {"id"}) for value in wrong(JOB[name])]
)
def test_a_field_of_a_job_may_be_of_a_wrong_type(name: str, value: Any) -> None:
    """What does not fit is None (progress: 0.0) and stays readable in `extra`."""
    job = batch_job({**JOB, name: value})
    assert (0.0 if name == "progress" else None) == getattr(job, name)
    assert {name: value} == job.extra


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in sorted(FILE.keys() - {"id"})
        for value in wrong(FILE[name])
        if (name, value) != ("created_at", 2.5)
    ],
)
def test_a_field_of_a_file_may_be_of_a_wrong_type(name: str, value: Any) -> None:
    """What does not fit is None and stays readable in `extra`."""
    file = file_object({**FILE, name: value})
    assert getattr(file, ATTRIBUTE.get(name, name)) is None
    assert {name: value} == file.extra


@pytest.mark.parametrize("name", ["job_deadline", "created_at", "completed_at"])
@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-45T00:00:00Z"])
def test_a_time_that_is_none_is_kept_as_it_came(name: str, value: str) -> None:
    """A text that is no time costs that one field."""
    job = batch_job({**JOB, name: value})
    assert (None, {name: value}) == (getattr(job, name), job.extra)


@pytest.mark.parametrize("digits", range(1, 10))
def test_a_fraction_of_any_length_is_read(digits: int) -> None:
    """From tenths to nanoseconds; beyond microseconds there is no more to tell."""
    fraction = "123456789"[:digits]
    created = batch_job({**JOB, "created_at": f"2026-09-21T14:13:20.{fraction}Z"}).created_at
    assert created is not None
    assert WHEN + timedelta(microseconds=int(fraction[:6].ljust(6, "0"))) == created


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-21T14:13:20Z", WHEN),
        ("2026-09-21T14:13:20+00:00", WHEN),
        ("2026-09-21T16:13:20+02:00", WHEN),
        ("2026-09-21T09:43:20-04:30", WHEN),
        ("2026-09-21T16:13:20+0200", WHEN),
        ("2026-09-21 14:13:20Z", WHEN),
        ("2026-09-21T14:13:20", WHEN),
        ("2026-09-21T16:13:20.000000000+02:00", WHEN),
    ],
)
def test_a_time_is_aware(text: str, expected: datetime) -> None:
    """Every offset is understood, and none means UTC."""
    created = batch_job({**JOB, "created_at": text}).created_at
    assert created is not None
    assert created.tzinfo is not None
    assert expected == created


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_790_000_000, WHEN),
        (1_790_000_000.5, WHEN + timedelta(seconds=0.5)),
        (10**18, None),
        (-(10**18), None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_unix_seconds_are_a_time(seconds: Any, expected: datetime | None) -> None:
    """A number that no calendar has is kept as it came."""
    file = file_object({**FILE, "created_at": seconds})
    assert expected == file.created_at
    assert [] == list(file.extra) if expected else list(file.extra) == ["created_at"]


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), (1, 1.0), (100, 100.0), (0.25, 0.25), (-1, -1.0)])
def test_progress_is_what_came(value: float, expected: float) -> None:
    """No unit is assumed; a whole number becomes a float."""
    progress = batch_job({**JOB, "progress": value}).progress
    assert (expected, float) == (progress, type(progress))


def test_progress_beyond_any_float_is_kept_as_it_came() -> None:
    """A number that no float holds costs that one field."""
    job = batch_job({**JOB, "progress": 10**400})
    assert (0.0, {"progress": 10**400}) == (job.progress, job.extra)


def test_an_unknown_status_is_kept() -> None:
    """A status of tomorrow is a status."""
    job = batch_job({**JOB, "status": "PAUSED"})
    assert ("PAUSED", BatchJobStatus, {}) == (job.status, type(job.status), job.extra)


def test_what_is_not_known_is_in_extra() -> None:
    """Fields that are not in the contract are kept as they came, those of nested objects too."""
    more = {"project_id": "p", "nested": {"a": [1, None]}, "nothing": None}
    assert more == batch_job({**JOB, **more}).extra
    assert more == file_object({**FILE, **more}).extra


@pytest.mark.parametrize("value", ["", None, True, False, 1.5, [], {}])
def test_without_an_id_there_is_nothing(value: Any) -> None:
    """An object that cannot be asked for again is no object."""
    for read, raw in ((_convert.batch_job, JOB), (_convert.file_object, FILE)):
        assert read({**raw, "id": value}) is None
        assert read({name: came for name, came in raw.items() if name != "id"}) is None


@pytest.mark.parametrize("raw", [None, [], [JOB], "job", 5, True])
def test_what_is_no_object_is_nothing(raw: Any) -> None:
    """Neither a job nor a file."""
    assert _convert.batch_job(raw) is _convert.file_object(raw) is None


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), (5, "5"), (0, "0"), ("../x", "../x")])
def test_an_id_is_opaque(value: Any, expected: str) -> None:
    """Any text is an id, and so is a number."""
    assert expected == batch_job({**JOB, "id": value}).id == file_object({**FILE, "id": value}).id


@pytest.mark.parametrize(("value", "expected"), [("slow", "slow"), (None, None), (5, None), ({}, None)])
def test_a_warning_is_words(value: Any, expected: str | None) -> None:
    """What came with a create is kept when it is a text."""
    assert expected == batch_job(JOB, value).warning


def test_the_reply_is_left_as_it_came() -> None:
    """Reading changes nothing of what was read."""
    raw = {**JOB, "status": 5, "more": [1]}
    before = dict(raw)
    batch_job(raw)
    assert before == raw


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(JOB)) | st.text(max_size=3), values))
def test_no_job_with_an_id_makes_reading_fail(raw: dict[str, Any]) -> None:
    """Whatever the fields hold, a job with an id is a job."""
    assert "x" == batch_job({**raw, "id": "x"}).id


@given(st.dictionaries(st.sampled_from(sorted(FILE)) | st.text(max_size=3), values))
def test_no_file_with_an_id_makes_reading_fail(raw: dict[str, Any]) -> None:
    """Whatever the fields hold, a file with an id is a file."""
    assert "x" == file_object({**raw, "id": "x"}).id


def test_the_fields_of_the_contract_are_those_that_are_read() -> None:
    """A field added to or removed from the contract has to be decided on here; these are left to `extra`."""
    schemas = contract()["components"]["schemas"]
    assert {"project_id", "organization_id"} == set(schemas["BatchJob"]["properties"]) ^ JOB_FIELDS
    read = {"id", "created_at", *FILE_FIELDS}
    assert {"processing_status", "validation_report"} == set(schemas["File"]["properties"]) ^ read
