"""What a result line says, and what JSON is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import BatchResult, ResultError, Usage
from together_batches._jsonl import loads, read_result


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
