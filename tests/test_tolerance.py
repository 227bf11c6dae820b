"""The generated models outlive what the contract did not foresee: whatever a field is, the rest of a reply is read."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import Operation, contract, json_replies, operations, reply_schemas, resolve, whole
from together_lowlevel import AuthenticatedClient, models
from together_lowlevel.tolerant import parse_datetime
from together_lowlevel.types import UNSET

CLIENT = AuthenticatedClient(base_url="http://localhost", token="key")
SCHEMAS: dict[str, Any] = contract()["components"]["schemas"]
REPLIES = sorted(reply_schemas())
ENUMS = sorted(name for name, schema in SCHEMAS.items() if "enum" in schema)
# One of each JSON type; texts that are no date, number or known value among them.
OTHERS: list[Any] = [None, True, 7, 0.5, "", "other", [], [7], [None, {}], {}, {"id": 7}]


def changed(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """`value` with one part of it dropped or replaced, for each part and each replacement, and where that was."""
    for key in value if isinstance(value, dict) else range(len(value)):
        without = copy.copy(value)
        del without[key]
        yield (key,), without
        for other in OTHERS:
            yield (key,), _with(value, key, other)
        if isinstance(value[key], (dict, list)):
            for path, inner in changed(value[key]):
                yield (key, *path), _with(value, key, inner)


def _with(value: Any, key: Any, other: Any) -> Any:
    changed = copy.copy(value)
    changed[key] = other
    return changed


@pytest.mark.parametrize("name", REPLIES)
def test_one_field_cannot_lose_an_object(name: str) -> None:
    """Dropped, null or of another type, a field leaves all others as they were, as long as the id is there."""
    model = getattr(models, name)
    example = whole({"$ref": f"#/components/schemas/{name}"})
    usual = model.from_dict(example).to_dict()
    tried = 0
    for path, raw in changed(example):
        if "id" in SCHEMAS[name].get("required", []) and "id" not in raw:
            continue
        parsed = model.from_dict(raw).to_dict()
        others = usual.keys() - {path[0]}
        assert {key: usual[key] for key in others} == {key: parsed[key] for key in others}, path
        tried += 1
    assert tried >= len(OTHERS) * len(example)


@pytest.mark.parametrize("name", REPLIES)
def test_what_does_not_fit_is_kept(name: str) -> None:
    """A value that cannot be what its field is stays under the field's name, and is written out again as it came."""
    model = getattr(models, name)
    example = whole({"$ref": f"#/components/schemas/{name}"})
    for key in example:
        for other in (value for value in OTHERS if value is not None and not isinstance(value, (list, dict))):
            assert other == model.from_dict({**example, key: other}).to_dict()[key]


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
def test_one_field_cannot_lose_a_reply(operation: Operation) -> None:
    """The same for whole answers, of success and of failure, as each operation reads them."""
    module = import_module(f"together_lowlevel.api.{operation.tag}.{operation.id}")
    for status, schema in json_replies(operation):
        example = whole(schema)
        usual = module._parse_response(client=CLIENT, response=httpx.Response(status, json=example))
        needed = "id" in resolve(schema).get("required", [])
        for _, raw in changed(example):
            if not needed or "id" in raw:
                parsed = module._parse_response(client=CLIENT, response=httpx.Response(status, json=raw))
                assert type(usual) is type(parsed)


def test_one_job_cannot_lose_the_others() -> None:
    """What is no job is left out of the list of jobs; the rest of the list is there."""
    from together_lowlevel.api.batches import list_batches

    def ids(answer: Any) -> Any:
        response = httpx.Response(200, content=json.dumps(answer))
        parsed = list_batches._parse_response(client=CLIENT, response=response)
        return [job.id for job in parsed] if isinstance(parsed, list) else parsed

    assert ["a", "b", 3] == ids([{"id": "a"}, None, 5, "x", [], [["id", "x"]], {}, {"id": "b"}, {"id": 3}])
    assert ids(None) is None
    assert ids({"id": "a"}) is None


def test_null_is_as_absent_where_the_contract_has_none() -> None:
    """A null in a moment, enum, object or list leaves nothing behind."""
    job = models.BatchJob.from_dict({"id": "a", "created_at": None, "status": None})
    assert (UNSET, UNSET, {}) == (job.created_at, job.status, job.additional_properties)


@pytest.mark.parametrize("name", ENUMS)
def test_a_value_added_later_is_a_member(name: str) -> None:
    """It is equal to its text, has it as value and name, and survives being copied, pickled, hashed and matched."""
    enum = getattr(models, name)
    new = enum("added later")
    assert isinstance(new, enum)
    assert ("added later",) * 4 == (new, new.value, new.name, str(new))
    for known in enum:
        for member, text in ((new, "added later"), (known, known.value)):
            for again in (
                copy.copy(member),
                copy.deepcopy(member),
                enum(member),
                *(pickle.loads(pickle.dumps(member, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
            ):
                assert (enum, member, hash(text)) == (type(again), again, hash(again))
    assert {"added later": 1}[new] == 1
    assert new not in list(enum)
    assert enum("") == ""
    for other in (None, 7, True, [], {}):
        with pytest.raises(ValueError, match="is not a valid"):
            enum(other)


def test_a_value_added_later_can_be_matched() -> None:
    """`match` knows it by its text and tells it from the known members."""

    def seen(status: models.BatchJobStatus) -> str:
        match status:
            case models.BatchJobStatus.FAILED:
                return "known"
            case "PAUSED":
                return "by text"
        return "none"

    assert ["known", "by text", "none"] == [seen(models.BatchJobStatus(text)) for text in ("FAILED", "PAUSED", "X")]


def test_a_value_added_later_survives_in_a_list() -> None:
    """Jobs and files of a list keep what they are, and so does the list."""
    files = models.FileList.from_dict(
        {"data": [{"id": "a", "purpose": "new", "FileType": "xlsx"}, {"id": "b", "purpose": "eval"}]}
    ).data
    assert isinstance(files, list)
    assert [("new", "xlsx"), ("eval", UNSET)] == [(file.purpose, file.file_type) for file in files]


def test_a_copied_model_is_the_same() -> None:
    """Fields that are unset are unset in a copy too, and are not written out."""
    job = models.BatchJob.from_dict({"id": "a", "status": "PAUSED"})
    for again in (copy.deepcopy(job), pickle.loads(pickle.dumps(job))):
        assert (job, {"id": "a", "status": "PAUSED"}) == (again, again.to_dict())


NOON = datetime(2026, 4, 28, 12, 0, 0, tzinfo=UTC)
MOMENTS = {
    "2026-04-28T12:00:00Z": NOON,
    "2026-04-28T12:00:00.123456789Z": NOON + timedelta(microseconds=123456),
    "2026-04-28T12:00:00.5+00:00": NOON + timedelta(microseconds=500000),
    "2026-04-28T12:00:00": NOON,
    "2026-04-28 12:00:00": NOON,
    "2026-04-28T14:00:00+02:00": NOON,
    "2026-04-28 12:00:00 UTC": NOON,
    "20260428T120000Z": NOON,
    "2026-04-28 14:00:00 +0200": NOON,
    "Tue, 28 Apr 2026 12:00:00 GMT": NOON,
    "Tue Apr 28 12:00:00 2026": NOON,
    "2026-04-28": NOON - timedelta(hours=12),
}
NO_MOMENTS = [
    *("", "x", "17", "12:00", "Monday", "May 2026", "2026-13-40", "0000-00-00T00:00:00Z", "2026-04-28 12:00 EST"),
    *("2026-04-28T12:00:00+99:00", "9" * 5000, "2026-04-28T12:00:00Z and so on", "NaN", "10000000000000000000000"),
]


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items(), ids=MOMENTS)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    """In ISO 8601 and in the odd forms that servers write; in UTC where it has no zone."""
    job = models.BatchJob.from_dict({"id": "a", "created_at": text, "completed_at": text})
    for read in (parse_datetime(text), job.created_at, job.completed_at):
        assert isinstance(read, datetime)
        assert read.utcoffset() is not None
        assert moment == read


@pytest.mark.parametrize("text", NO_MOMENTS, ids=lambda text: text[:30])
def test_what_is_no_moment_is_not_made_one(text: str) -> None:
    """Nothing is filled in from the clock or the zone of this machine; the text stays with the model."""
    with pytest.raises(ValueError, match="moment"):
        parse_datetime(text)
    job = models.BatchJob.from_dict({"id": "a", "created_at": text, "completed_at": text})
    assert (UNSET, UNSET) == (job.created_at, job.completed_at)
    assert {"created_at": text, "completed_at": text} == job.additional_properties


@given(st.text() | st.from_regex(r"[0-9]{1,6}[-/: T][0-9]{1,3}[-/: ]?[0-9]{0,4}[ TZ+.0-9A-Z:-]*", fullmatch=True))
def test_any_text_is_a_moment_or_is_not(text: str) -> None:
    """A moment is aware; else there is a ValueError, and no other error or warning."""
    with suppress(ValueError):
        assert parse_datetime(text).utcoffset() is not None


@given(st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-7)))))
def test_a_moment_survives_being_written(moment: datetime) -> None:
    """What a model writes is read as the same moment."""
    job = models.BatchJob(id="a", created_at=moment)
    assert job == models.BatchJob.from_dict(job.to_dict())


@pytest.mark.parametrize("status", [520, 999, 299])
def test_a_status_outside_the_standard_is_read(status: int) -> None:
    """Nothing is known of its body, and its number is there."""
    from together_lowlevel.api.batches import get_batch

    response = get_batch._build_response(client=CLIENT, response=httpx.Response(status, text="<html>"))
    assert (status, b"<html>", None) == (response.status_code, response.content, response.parsed)


def test_the_key_is_not_shown() -> None:
    """Neither before nor after a request was prepared does the repr of a client hold the key."""
    client = AuthenticatedClient(base_url="http://localhost", token="the-secret-key")
    with client:
        assert "the-secret-key" not in repr(client)
        assert "Bearer the-secret-key" == client.get_httpx_client().headers["Authorization"]
        assert "the-secret-key" not in repr(client)
