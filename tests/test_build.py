"""Request files from ids and bodies: what is written passes the check, and what would not leaves no file."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import FileCheckError, InvalidArgumentError, _build, _check, check_requests, write_requests
from together_batches._sink import Spool

AUDIO = "/v1/audio/transcriptions"
BODY: dict[str, Any] = {"model": "org/model", "messages": [{"role": "user", "content": "hé 🎈\n"}], "temperature": 0.5}


class Model(StrEnum):
    A = "org/model"


class Number(IntEnum):
    SEVEN = 7


class Half(float):
    """As a numpy.float64 is: a float, but not one of Python's own type."""


def refused(path: Path, requests: Any, **given: Any) -> FileCheckError:
    """The error of a file that is not written."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(FileCheckError) as caught:
        write_requests(path, requests, **given)
    assert before == sorted(path.parent.iterdir())
    return caught.value


def test_what_is_written_passes_the_check(tmp_path: Path) -> None:
    """One line a request, in order, and the report is that of the check."""
    path = tmp_path / "requests.jsonl"
    report = write_requests(path, ((f"id-{number}", BODY) for number in range(1000)))
    assert check_requests(path) == report
    assert ("requests.jsonl", path.stat().st_size, 1000, True) == (
        report.name,
        report.size_bytes,
        report.requests,
        report.ok,
    )
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [{"custom_id": f"id-{number}", "body": BODY} for number in range(1000)] == rows


def test_audio_lines_get_their_method(tmp_path: Path) -> None:
    """What the audio endpoints ask for beside the body is written, and a body without a URL is refused."""
    path = tmp_path / "requests.jsonl"
    body = {"model": "m", "file": "https://example.com/a.mp3"}
    assert write_requests(path, [("a", body)], endpoint=AUDIO) == check_requests(path, endpoint=AUDIO)
    assert {"custom_id": "a", "body": body, "method": "FILE"} == json.loads(path.read_bytes())
    error = refused(path, [("a", body), ("b", {"model": "m", "file": "a.mp3"}), ("c", {"model": "m"})], endpoint=AUDIO)
    assert [2, 3] == [problem.line for problem in error.problems]
    assert "not a public http or https URL" in error.problems[0].message


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ((None, BODY), 'the "custom_id" is not a string'),
        ((7, BODY), 'the "custom_id" is not a string'),
        (("", BODY), 'the "custom_id" is empty'),
        (("x" * 65, BODY), 'the "custom_id" has 65 characters; the service takes 64'),
        (("first", BODY), "the custom_id 'first' is that of request 1 already"),
        (("a", None), 'the "body" is not a JSON object'),
        (("a", [BODY]), 'the "body" is not a JSON object'),
        (("a", {}), 'has no "model" in "body"'),
        (("a", {"model": 7}), 'the "model" in "body" is not a string'),
        (("a", {"model": ""}), 'the "model" in "body" is empty'),
        (("a", {"model": " \t"}), 'the "model" in "body" is empty'),
        (("a", {**BODY, "top_p": math.nan}), "has NaN or infinity, which JSON cannot hold: give a number or leave it"),
        (("a", {**BODY, "top_p": [{"x": -math.inf}]}), 'leave it out, in "top_p"'),
        (("a", {**BODY, "top_p": Half("nan")}), 'leave it out, in "top_p"'),
        (("a", {**BODY, "my secret": math.nan}), "give a number or leave it out"),
        (("a", {**BODY, "stop": {"secret"}}), "has a set, for which JSON has no form"),
        (("a", {**BODY, "stop": b"secret"}), "has a bytes, for which JSON has no form"),
        (("a", {**BODY, "stop": [object()]}), 'or dicts, in "stop"'),
        (("a", {**BODY, "user": "secret\ud800"}), "holds half of a surrogate pair"),
        (("a", {**BODY, "secret\ud800": 1}), "holds half of a surrogate pair"),
        (("a\ud800", BODY), "holds half of a surrogate pair"),
        (("a", {**BODY, ("secret",): 1}), "has a key that is neither text nor a number"),
        ("secret", "is not a pair of custom_id and body"),
        (7, "is not a pair of custom_id and body"),
        (("a", BODY, BODY), "is not a pair of custom_id and body"),
    ],
)
def test_each_broken_rule_is_named_with_the_number_of_its_request(tmp_path: Path, request_: Any, words: str) -> None:
    """The problem says what to do, shows nothing of the body, and no file is written."""
    error = refused(tmp_path / "requests.jsonl", [("first", BODY), request_, ("last", BODY)])
    assert [2] == [problem.line for problem in error.problems]
    assert words in error.problems[0].message
    assert str(error).startswith("requests.jsonl: 1 problem; no file was written\n  request 2: ")
    assert "secret" not in repr((error, error.problems, error.__cause__, error.__context__))


def test_a_body_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """As one that is nested too deeply, whether in a plain or an odd container."""
    loop: list[Any] = []
    loop.append(loop)
    odd: dict[str, Any] = {}
    odd["x"] = OrderedDict(y=odd)
    error = refused(tmp_path / "a", [("a", {**BODY, "stop": loop}), ("b", {**BODY, "stop": odd})])
    assert ["is nested too deeply"] * 2 == [problem.message for problem in error.problems]


def test_what_stands_for_a_json_value_is_written_as_one(tmp_path: Path) -> None:
    """Enums, tuples, mappings, and numbers and strings of other classes than Python's own."""
    path = tmp_path / "requests.jsonl"
    body = {
        "model": Model.A,
        "n": Number.SEVEN,
        "t": (1, Half(0.5), True, None),
        "o": OrderedDict(a=MappingProxyType({})),
    }
    report = write_requests(path, [(Model.A, MappingProxyType(body))])
    assert check_requests(path) == report
    assert {
        "custom_id": "org/model",
        "body": {"model": "org/model", "n": 7, "t": [1, 0.5, True, None], "o": {"a": {}}},
    } == json.loads(path.read_bytes())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built")


@given(st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), json_values, max_size=3), max_size=9))
def test_any_requests_are_written_as_json_dumps_would_or_refused(folder: Path, bodies: dict[str, Any]) -> None:
    """Every value comes back equal; what json cannot write as UTF-8 JSON is refused, and nothing else is."""
    requests = [(custom_id, {**body, "model": "m"}) for custom_id, body in bodies.items()]
    bad: list[int | None] = [] if requests else [None]
    for number, (custom_id, body) in enumerate(requests, 1):
        try:
            json.dumps([custom_id, body], allow_nan=False, ensure_ascii=False).encode()
            good = bool(custom_id)
        except ValueError:
            good = False
        if not good:
            bad.append(number)
    path = folder / "requests.jsonl"
    path.unlink(missing_ok=True)
    if bad:
        assert bad == [problem.line for problem in refused(path, requests).problems]
    else:
        assert write_requests(path, requests) == check_requests(path)
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert requests == [(row["custom_id"], row["body"]) for row in rows]


def test_problems_are_listed_up_to_twenty(tmp_path: Path) -> None:
    """In the order of the requests, however they were found; then nothing more is asked for."""
    asked: list[int] = []

    def many() -> Iterator[tuple[str, dict[str, Any]]]:
        for number in range(1, 1000):
            asked.append(number)
            yield f"id-{number}", {"model": "m", "x": "\ud800"} if number % 3 else {}

    error = refused(tmp_path / "requests.jsonl", many())
    assert list(range(1, 21)) == [problem.line for problem in error.problems]
    assert str(error).startswith("requests.jsonl: more than 20 problems; no file was written\n")
    assert len(asked) < 100


def test_the_limits_of_a_file_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many requests, too many bytes, too long a line, none at all; at the limits all is well."""
    path = tmp_path / "requests.jsonl"
    pairs = [(f"{number:02}", {"model": "m", "x": "y" * 50}) for number in range(10)]
    size = write_requests(path, pairs).size_bytes

    def limit(name: str, value: int) -> None:
        monkeypatch.setattr(_check, name, value)
        monkeypatch.setattr(_build, name, value)

    limit("MAX_REQUESTS", 10)
    limit("MAX_FILE_BYTES", size)
    limit("MAX_LINE_BYTES", size // 10 - 1)
    assert check_requests(path) == write_requests(path, pairs)
    assert check_requests(path).ok
    limit("MAX_LINE_BYTES", size // 10 - 2)
    words = f"longer than {size // 10 - 2:,} bytes, the service's limit for a line"
    assert {words} == {problem.message for problem in refused(path, pairs).problems}
    limit("MAX_LINE_BYTES", 1000)
    limit("MAX_FILE_BYTES", size - 1)
    assert f"more than {size - 1:,} bytes" in str(refused(path, pairs))
    limit("MAX_REQUESTS", 9)
    assert "more than 9 requests, which the service does not take in one file" in str(refused(path, pairs))
    assert "there are no requests" in str(refused(path, []))


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """An error of the requests themselves passes through, and leaves what was there."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(b"old")

    def breaks() -> Iterator[tuple[str, dict[str, Any]]]:
        yield "a", BODY
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        write_requests(path, breaks())
    refused(path, [("a", {})])
    assert (b"old", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))
    write_requests(path, [("a", BODY)])
    assert b'{"custom_id":"a"' == path.read_bytes()[:16]


def test_what_cannot_be_written_or_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a full disk, and requests that are none."""
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        write_requests(tmp_path, [("a", BODY)])
    nothing: Any = None
    with pytest.raises(InvalidArgumentError, match="requests must be pairs"):
        write_requests(tmp_path / "a", nothing)
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(_build.Target, "_open", lambda target: full)
        with pytest.raises(InvalidArgumentError, match=r"cannot write .*a: No space left on device"):
            write_requests(tmp_path / "a", [("a", BODY)])
    assert [] == list(tmp_path.iterdir())
    assert issubclass(_build.Target, Spool)
