"""A list of jobs says what each of them would say alone, however it is read."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from contract import contract
from test_convert import JOB, values
from together_batches import BatchJob, _listing
from together_batches._convert import batch_job
from together_batches._json import loads
from together_batches._listing import batch_jobs

BESIDE = {"project_id": "p", "organization_id": "o"}


def listed(text: str | bytes) -> list[BatchJob | None]:
    """What a list is read as."""
    found = batch_jobs(text.encode() if isinstance(text, str) else text)
    assert found is not None
    return list(found)


def alone(text: str) -> list[BatchJob | None]:
    """What the same jobs are read as one by one."""
    return [batch_job(raw) for raw in loads(text.encode())]


def told(job: BatchJob | None) -> Any:
    """All of a job, as text: where 0.0 and -0.0 or 1 and True would be equal, it tells them apart."""
    return job and (repr(evolve(job, extra={})), sorted(map(repr, job.extra.items())))


def test_a_job_of_the_contract_is_read_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field, with what the live service adds, without the slower reader."""
    text = json.dumps([JOB | BESIDE, {"id": "x"}, {**JOB, "status": "PAUSED", "progress": 1, "project_id": None}])
    expected = alone(text)
    monkeypatch.setattr(_listing, "batch_job", None)
    assert expected == listed(text)
    assert list(map(told, expected)) == list(map(told, listed(text)))


@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(JOB | BESIDE)) | st.text(max_size=3), values, max_size=4).map(
            lambda odd: {**JOB, **BESIDE, **odd}
        ),
        max_size=3,
    )
)
def test_an_odd_job_is_read_as_alone(raws: list[Any]) -> None:
    """Whatever its fields hold: other types, numbers out of range, fields of tomorrow, no id."""
    text = json.dumps(raws)
    assert list(map(told, alone(text))) == list(map(told, listed(text)))


@pytest.mark.parametrize("name", sorted(JOB | BESIDE))
@pytest.mark.parametrize(
    "value",
    ['""', "null", "0", "-0.0", "5.0", "1e2", "1e400", "1" * 30, "1" * 400, "true", "[]", "{}", '"\\ud800"', "NaN"],
)
def test_a_field_of_any_kind_is_read_as_alone(name: str, value: str) -> None:
    """One odd field beside ordinary ones, and twice in one job."""
    fields = [f"{json.dumps(field)}: {json.dumps(came)}" for field, came in (JOB | BESIDE).items()]
    text = f"[{{{', '.join([*fields, f'{json.dumps(name)}: {value}'])}}}, {json.dumps(JOB)}]"
    assert list(map(told, alone(text))) == list(map(told, listed(text)))


def test_what_is_made_is_a_job_like_any_other() -> None:
    """Equal, of one hash, frozen, and the same after a journey."""
    (job,) = listed(json.dumps([JOB | BESIDE]))
    other = BatchJob(**{name: getattr(job, name) for name in JOB}, extra=BESIDE)
    assert (BatchJob, other, hash(other), repr(other)) == (type(job), job, hash(job), repr(job))
    assert job == pickle.loads(pickle.dumps(job))
    with pytest.raises(FrozenInstanceError):
        job.status = None  # type: ignore[union-attr, misc]


def test_no_two_jobs_share_what_can_be_changed() -> None:
    """Texts are shared, `extra` is not."""
    one, two = listed(json.dumps([JOB | BESIDE] * 2))
    assert one is not None and two is not None  # noqa: PT018 (for the type checker)
    assert one.endpoint is two.endpoint
    assert one.extra is not two.extra


@pytest.mark.parametrize(("text", "expected"), [("null", []), ("[]", []), ("[null, 5, []]", [None] * 3)])
def test_null_is_an_empty_list(text: str, expected: list[None]) -> None:
    """And what is no object is no job."""
    assert expected == listed(text)


@pytest.mark.parametrize("text", ["{}", '"x"', "5", "true"])
def test_what_is_no_array_is_no_list(text: str) -> None:
    """Another value is told apart from an empty list."""
    assert batch_jobs(text.encode()) is None


@pytest.mark.parametrize("body", [b"", b"[", b'[{"id": "a"}', b'[{"id": "\xff"}]', b'[{"id": "a"}, {"id": "\xff"}]'])
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    """Wherever it breaks."""
    with pytest.raises(ValueError):  # noqa: PT011 (the caller makes an error of it that tells more)
        listed(body)


def test_the_fields_of_a_row_are_those_of_the_contract() -> None:
    """A field that is added to the contract would be read by the slower reader alone."""
    assert set(contract()["components"]["schemas"]["BatchJob"]["properties"]) == set(_listing._Row.__struct_fields__)
