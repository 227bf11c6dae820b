"""What a request line may be, and what a result line says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import (
    BatchResult,
    FileCheckError,
    InvalidArgumentError,
    ResultError,
    Usage,
    _jsonl,
    check_requests,
)
from together_batches._jsonl import check_source, loads, read_result, require
from together_batches._source import open_source

AUDIO = "/v1/audio/transcriptions"


def line(custom_id: Any = "a", **body: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "body": {"model": "org/model", **body}}).encode() + b"\n"


def problems(data: bytes, endpoint: str = "/v1/chat/completions") -> list[tuple[int | None, str]]:
    with open_source(io.BytesIO(data), "requests.jsonl") as source:
        return [(problem.line, problem.message) for problem in check_source(source, endpoint).problems]


def test_a_good_file_has_no_problems(tmp_path: Path) -> None:
    """The report gives the name, the size in bytes and the number of requests."""
    path = tmp_path / "requests.jsonl"
    data = line("a") + line("b" * 64) + line("é 🎈")
    path.write_bytes(data)
    report = check_requests(path)
    assert report.ok
    assert ("requests.jsonl", len(data), 3, (), False) == (
        report.name,
        report.size_bytes,
        report.requests,
        report.problems,
        report.more,
    )


def test_the_last_line_needs_no_end() -> None:
    """A file without a final line feed is whole."""
    assert problems((line("a") + line("b")).rstrip()) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"\n", "is blank"),
        (b"   \n", "is blank"),
        (b"{\n", "is not JSON"),
        (b"nonsense\n", "is not JSON"),
        (b'{"custom_id": "a", "body": {"model": "m"}} trailing\n', "is not JSON"),
        (b'{"custom_id": "a", "body": {"model": "m", "x": NaN}}\n', "is not JSON"),
        (b"[" * 500_000 + b"\n", "nested too deeply"),
        (b'{"custom_id": "a", "body": {"model": "m", "x": "\xff"}}\n', "is not UTF-8 at byte 49"),
        (b'{"custom_id": "a\x00", "body": {"model": "m"}}\n', "holds a NUL byte at byte 17"),
        (b"[1]\n", "is not a JSON object"),
        (b'"text"\n', "is not a JSON object"),
        (b'{"body": {"model": "m"}}\n', 'has no "custom_id"'),
        (line(None), 'the "custom_id" is not a string'),
        (line(7), 'the "custom_id" is not a string'),
        (line(""), 'the "custom_id" is empty'),
        (line("x" * 65), 'the "custom_id" has 65 characters; the service takes 64'),
        (b'{"custom_id": "a"}\n', 'has no "body"'),
        (b'{"custom_id": "a", "body": []}\n', 'the "body" is not a JSON object'),
        (b'{"custom_id": "a", "body": {}}\n', 'has no "model" in "body"'),
        (b'{"custom_id": "a", "body": {"model": 7}}\n', 'the "model" in "body" is not a string'),
        (line("a", model=" "), 'the "model" in "body" is empty'),
        (line("a").rstrip() + b"\r\n", "ends in CRLF"),
    ],
)
def test_each_broken_rule_is_named_with_its_line(bad: bytes, words: str) -> None:
    """A line that the service would refuse is found here, and says what is wrong with it."""
    found = problems(line("first") + bad + line("last"))
    assert [2] == [number for number, _ in found]
    assert words in found[0][1]


def test_a_byte_order_mark_is_found() -> None:
    """A mark at the start of the file is not taken for broken JSON."""
    assert [(1, "starts with a byte order mark: save the file as UTF-8 without BOM")] == problems(
        b"\xef\xbb\xbf" + line("a")
    )


def test_a_repeated_custom_id_names_both_lines() -> None:
    """The first and the second place of an id are told, however far apart."""
    many = b"".join(line(f"id-{number}") for number in range(1, 50_000)) + line("id-1")
    assert [(50_000, "the custom_id 'id-1' is that of line 1 already: give each request its own")] == problems(many)


def test_too_many_requests_are_refused() -> None:
    """More than 50,000 requests are one problem of the whole file."""
    many = b"".join(line(f"id-{number}") for number in range(50_001))
    assert [(None, "50,001 requests; the service takes 50,000 a file: split it")] == problems(many)


def test_too_long_a_line_is_refused_without_holding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line over the limit is one problem, and the next line is read as its own."""
    monkeypatch.setattr(_jsonl, "MAX_LINE_BYTES", 100)
    long = line("b", text="x" * 2_000_000)
    assert [(2, "longer than 100 bytes, the service's limit for a line")] == problems(line("a") + long + line("c"))
    assert [(1, "longer than 100 bytes, the service's limit for a line")] == problems(long.rstrip())


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is a problem of the whole file."""
    monkeypatch.setattr(_jsonl, "MAX_FILE_BYTES", 10)
    assert [(None, f"{len(line()):,} bytes; the service takes 10 a file: split it")] == problems(line())


def test_audio_lines_need_a_method_and_a_url() -> None:
    """What only the audio endpoints ask for is asked for there only."""
    good = {"custom_id": "a", "method": "FILE", "body": {"model": "m", "file": "https://example.com/a.mp3"}}
    assert problems(json.dumps(good).encode(), AUDIO) == []
    assert problems(line("a")) == []
    assert 'has no "method": "FILE"' in problems(line("a"), AUDIO)[0][1]
    good["body"] = {"model": "m", "file": "a.mp3"}
    assert "not a public http or https URL" in problems(json.dumps(good).encode(), AUDIO)[0][1]


def test_problems_are_listed_up_to_the_limit(tmp_path: Path) -> None:
    """Beyond the limit the report says that there are more."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(b"x\n" * 5)
    assert (2, True) == (len(check_requests(path, limit=2).problems), check_requests(path, limit=2).more)
    assert (5, False) == (len(check_requests(path, limit=5).problems), check_requests(path, limit=5).more)


def test_the_error_lists_every_problem(tmp_path: Path) -> None:
    """The message is enough to mend the file; the problems are there for a program too."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line("a") + b"x\n" + line("a"))
    with pytest.raises(FileCheckError) as caught:
        require(check_requests(path))
    assert str(caught.value).startswith("requests.jsonl: 2 problems; nothing was sent\n  line 2: is not JSON")
    assert str(caught.value).endswith("line 3: the custom_id 'a' is that of line 1 already: give each request its own")
    assert 2 == caught.value.line
    path.write_bytes(b"x\n" * 3)
    with pytest.raises(FileCheckError, match="more than 1 problem; nothing"):
        require(check_requests(path, limit=1))


def test_what_is_no_file_is_no_request_file(tmp_path: Path) -> None:
    """A missing, empty or unreadable file is said to be one."""
    with pytest.raises(InvalidArgumentError, match="No such file"):
        check_requests(tmp_path / "missing.jsonl")
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        check_requests(tmp_path)


@given(st.lists(st.binary(max_size=40) | st.just(line("x")), min_size=1))
def test_no_bytes_make_the_check_fail(lines: list[bytes]) -> None:
    """Whatever is in a file, the check gives a report."""
    data = b"\n".join(lines)
    if data:
        assert all(words for _, words in problems(data))


def test_loads_takes_what_the_standard_library_takes() -> None:
    """Lone surrogates, NaN and huge numbers are read; nothing else is added or lost."""
    assert {"a": "\ud800"} == loads(b'{"a": "\\ud800"}')
    assert float("inf") == loads(b"1e999")
    assert 10**30 == loads(str(10**30).encode())
    for bad in (b"", b"{", b"\xff", b'"\xff"', b"[" * 100_000):
        with pytest.raises(ValueError, match=r"."):
            loads(bad)


ANSWER = {
    "choices": [{"message": {"content": "hi"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"id": "br_1", "custom_id": "a", "response": {"status_code": 200, "body": ANSWER}},
            BatchResult(
                custom_id="a",
                status_code=200,
                body=ANSWER,
                usage=Usage(prompt_tokens=3, completion_tokens=4, total_tokens=7),
            ),
        ),
        (
            {"custom_id": "a", "error": {"message": "too long", "code": "batch_client_error"}},
            BatchResult(custom_id="a", error=ResultError(code="batch_client_error", message="too long")),
        ),
        (
            {"custom_id": "a", "error": {"message": "too long", "code": 400}},
            BatchResult(custom_id="a", error=ResultError(code="400", message="too long")),
        ),
        (
            {"custom_id": "a", "error": {"message": None, "type": "server_error", "code": None}},
            BatchResult(custom_id="a", error=ResultError(code="server_error", message="")),
        ),
        ({"custom_id": "a", "error": "no"}, BatchResult(custom_id="a", error=ResultError(message="no"))),
        (
            {"custom_id": "a", "error": {}},
            BatchResult(
                custom_id="a",
                error=ResultError(code="unreadable_line", message="the line holds neither an answer nor an error"),
            ),
        ),
        (
            {"custom_id": "a", "response": {"status_code": 400, "body": {"error": {"message": "bad", "code": "x"}}}},
            BatchResult(
                custom_id="a",
                status_code=400,
                body={"error": {"message": "bad", "code": "x"}},
                error=ResultError(code="x", message="bad"),
            ),
        ),
        (
            {"custom_id": "a", "response": {"status_code": 500, "body": None}},
            BatchResult(custom_id="a", status_code=500, error=ResultError(code="http_500", message="HTTP 500")),
        ),
        (
            {"custom_id": 5, "response": {"status_code": True, "body": {"usage": "many"}}},
            BatchResult(body={"usage": "many"}),
        ),
    ],
)
def test_each_shape_of_a_result_line_is_read(row: dict[str, Any], expected: BatchResult) -> None:
    """Answers, errors with string or number codes, and errors inside answers become one kind of value."""
    assert expected == read_result(json.dumps(row).encode())
    assert expected.ok == (expected.error is None)


@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_an_unreadable_line_is_a_result_with_an_error(bad: bytes) -> None:
    """A line that is not a JSON object costs itself only."""
    result = read_result(bad)
    assert result.error is not None
    assert ("unreadable_line", None, None) == (result.error.code, result.custom_id, result.body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["custom_id", "response", "error", "id"])


@given(st.dictionaries(fields, json_values))
def test_no_json_makes_reading_a_result_fail(row: dict[str, Any]) -> None:
    """Whatever a line holds, it is a result, answered or not."""
    result = read_result(json.dumps(row).encode())
    assert result.ok or result.error is not None


@given(st.dictionaries(st.sampled_from(["status_code", "body"]), json_values))
def test_no_response_makes_reading_a_result_fail(response: dict[str, Any]) -> None:
    """The same for what stands in an answer."""
    result = read_result(json.dumps({"custom_id": "a", "response": response}).encode())
    assert "a" == result.custom_id
