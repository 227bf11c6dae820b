"""Answers beside their questions: nothing lost, nothing doubled, nothing changed."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import Usage, _join
from together_batches._join import Tally, copied, joined
from together_batches._sink import Spool
from together_batches._source import open_source

MISSING = {"code": "missing", "message": "the service gave neither an answer nor an error for this request"}


def run(requests: bytes | None, *files: bytes) -> tuple[list[bytes], Tally]:
    """The lines of the output, and the account."""
    tally = Tally()
    with ExitStack() as stack:
        spools = [stack.enter_context(closing(Spool())) for _ in files]
        for spool, data in zip(spools, files, strict=True):
            spool.write(data)
        if requests is None:
            return whole_lines(copied(spools, tally)), tally
        source = stack.enter_context(open_source(io.BytesIO(requests), "requests.jsonl"))
        return whole_lines(joined(source, spools, tally)), tally


def whole_lines(chunks: Iterator[bytes]) -> list[bytes]:
    """The lines of chunks, each of which ends with a line."""
    given = list(chunks)
    assert all(chunk.endswith(b"\n") for chunk in given if chunk)
    return b"".join(given).splitlines(keepends=True)


def request(custom_id: str, prompt: Any = "hi") -> bytes:
    return json.dumps({"custom_id": custom_id, "body": {"model": "m", "prompt": prompt}}).encode() + b"\n"


def answer(custom_id: str | None, tokens: int = 1) -> bytes:
    body = {"text": f"to {custom_id}", "usage": {"prompt_tokens": tokens, "completion_tokens": 2, "total_tokens": 3}}
    row = {"id": "br", "custom_id": custom_id, "response": {"status_code": 200, "body": body}}
    return json.dumps(row).encode() + b"\n"


def failure(custom_id: str, code: Any = "client_error") -> bytes:
    return json.dumps({"custom_id": custom_id, "error": {"message": "no", "code": code}}).encode() + b"\n"


def read(lines: list[bytes]) -> list[dict[str, Any]]:
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    return [json.loads(line) for line in lines]


def test_rows_stand_in_the_order_of_the_requests() -> None:
    """Whatever the order in which answers and errors came."""
    lines, tally = run(request("a") + request("b") + request("c"), answer("c") + answer("a"), failure("b", 400))
    a, b, c = read(lines)
    assert ["custom_id", "request", "status_code", "response", "error"] == list(a)
    assert ("a", {"model": "m", "prompt": "hi"}, 200, "to a", None) == (
        a["custom_id"],
        a["request"],
        a["status_code"],
        a["response"]["text"],
        a["error"],
    )
    assert {
        "custom_id": "b",
        "request": {"model": "m", "prompt": "hi"},
        "status_code": None,
        "response": None,
        "error": {"code": "400", "message": "no"},
    } == b
    assert "c" == c["custom_id"]
    assert (3, 2, {"400": 1}, 0, 0) == (tally.requests, tally.answered, tally.failed, tally.missing, tally.unmatched)
    assert Usage(prompt_tokens=2, completion_tokens=4, total_tokens=6) == tally.usage()


@pytest.mark.parametrize(
    "text",
    [
        '{"model": "m", "n": 1.10, "big": 12345678901234567890123, "e": 1E+5, "z": -0.0}',
        r'{"model": "m", "t": "\u00e9 \ud83c\udf88 \/"}',
        '{"model": "m", "t": "é 🎈", "model": "n"}',
        '{ "model" :"m",  "list":[ 1 , 2 ] }',
    ],
)
def test_questions_and_answers_are_copied_to_the_byte(text: str) -> None:
    """No digit, escape, order or space changes on the way."""
    question = f'{{"custom_id": "a", "body": {text}}}\n'.encode()
    row = f'{{"custom_id": "a", "response": {{"status_code": 200, "body": {text}}}, "error": null}}\n'.encode()
    expected = f'"response":{text},"error":null}}\n'.encode()
    lines, _ = run(question, row)
    assert [f'{{"custom_id":"a","request":{text},"status_code":200,'.encode() + expected] == lines
    lines, _ = run(None, row)
    assert [b'{"custom_id":"a","status_code":200,' + expected] == lines


def test_a_request_without_a_row_is_missing() -> None:
    """It has a row all the same, with an error that says so."""
    lines, tally = run(request("a") + request("b"), answer("b"))
    assert ("a", None, None, MISSING) == tuple(
        read(lines)[0][name] for name in ("custom_id", "status_code", "response", "error")
    )
    assert (2, 1, 1, {}) == (tally.requests, tally.answered, tally.missing, tally.failed)


def test_without_any_result_file_all_is_missing() -> None:
    """A job that expired at once."""
    lines, tally = run(request("a") + request("b"))
    assert [MISSING, MISSING] == [row["error"] for row in read(lines)]
    assert (2, 0, 2) == (tally.requests, tally.answered, tally.missing)


@pytest.mark.parametrize(
    ("extra", "custom_id"),
    [
        (answer("stranger"), "stranger"),
        (answer("a"), "a"),
        (failure("a"), "a"),
        (answer(None), None),
        (b"not JSON\n", None),
        (b'{"custom_id": "a", "resp\n', None),
        (b"[]\n", None),
        (b"\xff\n", None),
        (b'{"custom_id": 5}\n', None),
        (b"[" * 100_000 + b"\n", None),
    ],
)
def test_a_row_that_answers_no_request_is_kept(extra: bytes, custom_id: str | None) -> None:
    """A stranger's, a second and an unreadable row stand at the end, and are counted as nobody's."""
    lines, tally = run(request("a"), answer("a") + extra)
    assert ["a", custom_id] == [row["custom_id"] for row in read(lines)]
    assert "request" not in read(lines)[1]
    assert (1, 1, 1, {}, 0) == (tally.requests, tally.answered, tally.unmatched, tally.failed, tally.missing)
    assert Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3) == tally.usage()


def test_the_first_row_of_two_counts() -> None:
    """Across files too; answers are read before errors."""
    lines, tally = run(request("a"), answer("a"), failure("a"))
    assert [None, {"code": "client_error", "message": "no"}] == [row["error"] for row in read(lines)]
    assert (1, 1) == (tally.answered, tally.unmatched)


def test_a_second_request_of_one_name_is_missing() -> None:
    """One answer cannot be that of two requests."""
    lines, tally = run(request("a", "x") + request("a", "y"), answer("a"))
    assert [None, MISSING] == [row["error"] for row in read(lines)]
    assert ["x", "y"] == [row["request"]["prompt"] for row in read(lines)]
    assert (2, 1, 1, 0) == (tally.requests, tally.answered, tally.missing, tally.unmatched)


def test_blank_lines_are_nothing() -> None:
    """In requests and results; a last line needs no end."""
    lines, tally = run(
        b"\n" + request("a") + b"  \n" + request("b").rstrip(), b"\n\r\n" + answer("b") + answer("a").rstrip()
    )
    assert ["a", "b"] == [row["custom_id"] for row in read(lines)]
    assert (2, 2, 0, 0) == (tally.requests, tally.answered, tally.missing, tally.unmatched)
    assert 1 == len(run(None, b"\n" + answer("a") + b"\n")[0])


@pytest.mark.parametrize("bad", [b"nonsense\n", b'{"body": {}}\n', b'{"custom_id": 5, "body": {}}\n', b"\xff\n"])
def test_a_request_without_a_name_is_missing(bad: bytes) -> None:
    """A file that was never checked can still be joined; its bad lines have no answer."""
    lines, tally = run(bad + request("a"), answer("a"))
    assert [MISSING, None] == [row["error"] for row in read(lines)]
    assert (2, 1, 1) == (tally.requests, tally.answered, tally.missing)


@pytest.mark.parametrize(
    "row",
    [
        rb'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": "\ud800"}}}',
        rb'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": NaN, "\udfff": ["\ud800"]}}}',
        b'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": 1e999, "u": Infinity}}}',
        b'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": NaN, "n": ' + b"9" * 400 + b"}}}",
        rb'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": 1}}, "error": null, "id": "\ud800"}',
    ],
)
def test_what_only_a_lenient_reader_takes_is_still_an_answer(row: bytes) -> None:
    """Lone surrogates, NaN and numbers without bound cost nobody an answer, and the output is UTF-8 JSON."""
    lines, tally = run(request("a"), row + b"\n")
    (joined_row,) = read([line.decode().encode() for line in lines])
    assert 200 == joined_row["status_code"]
    assert "t" in joined_row["response"]
    assert 1 == tally.answered
    assert 1 == len(read(run(None, row + b"\n")[0]))


@pytest.mark.parametrize(
    "row",
    [
        rb'{"custom_id": "\ud800", "response": {"status_code": 200, "body": {"t": 1}}}',
        rb'{"custom_id": "a", "error": {"code": "\ud800", "message": "\ud800"}}',
        rb'{"custom_id": "a", "error": {"code": NaN, "message": "\ud800"}}',
    ],
)
def test_lone_surrogates_anywhere_cost_no_row(row: bytes) -> None:
    """In a name, a code or a message, with and without requests."""
    for requests in (None, request("a"), rb'{"custom_id": "\ud800", "body": {"model": "m"}}' + b"\n"):
        lines, _ = run(requests, row + b"\n")
        assert read([line.decode().encode() for line in lines])


def test_an_error_inside_an_answer_keeps_both() -> None:
    """The status, the body that came, and the error in it."""
    row = {"custom_id": "a", "response": {"status_code": 429, "body": {"error": {"message": "slow", "code": "rate"}}}}
    lines, tally = run(request("a"), json.dumps(row).encode() + b"\n")
    (joined_row,) = read(lines)
    assert (429, {"error": {"message": "slow", "code": "rate"}}, {"code": "rate", "message": "slow"}) == (
        joined_row["status_code"],
        joined_row["response"],
        joined_row["error"],
    )
    assert ({"rate": 1}, 0) == (tally.failed, tally.answered)


def test_an_error_without_a_code_is_unknown() -> None:
    """It is counted, under a name for what has none."""
    _, tally = run(request("a"), failure("a", None))
    assert {"unknown": 1} == tally.failed


def test_without_requests_rows_stay_as_they_came() -> None:
    """In their order, one file after the other, and requests are not counted."""
    lines, tally = run(None, answer("c") + b"bad\n" + answer("a"), failure("b"))
    assert ["c", None, "a", "b"] == [row["custom_id"] for row in read(lines)]
    assert (None, 2, {"unreadable_line": 1, "client_error": 1}, 0, 0) == (
        tally.requests,
        tally.answered,
        dict(tally.failed),
        tally.missing,
        tally.unmatched,
    )


names = st.text(min_size=1, max_size=6)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[list[tuple[str, bool]]]]:
    """Requests, and two files with rows for any of them and for others, in any order, any number of times."""
    requests = draw(st.lists(names, unique=True, min_size=1, max_size=8))
    row = st.tuples(st.sampled_from(requests) | names, st.booleans())
    return requests, draw(st.lists(st.lists(row, max_size=10), max_size=2))


def rows(files: list[list[tuple[str, bool]]]) -> Iterator[bytes]:
    for file in files:
        yield b"".join(answer(name) if good else failure(name) for name, good in file)


@given(cases())
def test_every_request_is_accounted_for_exactly_once(case: tuple[list[str], list[list[tuple[str, bool]]]]) -> None:
    """Answered, failed and missing make up the requests; every row that came is in the output once."""
    requests, files = case
    lines, tally = run(b"".join(map(request, requests)), *rows(files))
    out = read(lines)
    came = [row for file in files for row in file]
    first: dict[str, bool] = {}
    for name, good in came:
        first.setdefault(name, good)
    assert requests == [row["custom_id"] for row in out[: len(requests)]]
    assert [None if first.get(name) else "x" for name in requests] == [
        None if row["error"] is None else "x" for row in out[: len(requests)]
    ]
    assert len(requests) == tally.requests == tally.answered + tally.failed.total() + tally.missing
    assert sum(name not in first for name in requests) == tally.missing
    assert len(came) == len(out) - tally.missing
    assert len(out) - len(requests) == tally.unmatched
    assert sorted(name for name, _ in came) == sorted(
        row["custom_id"] for row in out if (row["error"] or {}).get("code") != "missing"
    )


def written(fields: list[tuple[str, str]]) -> str:
    """A JSON object of fields that may stand there twice."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields) + "}"


def objects(**fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = [st.tuples(st.just(name), value) for name, value in fields.items()]
    usual = st.tuples(*pairs).map(list)
    return (usual | st.lists(st.one_of(pairs), max_size=4)).map(written) | odd


odd = st.sampled_from(
    [
        "null",
        "true",
        "0",
        "1",
        "1.0",
        "1e999",
        "NaN",
        '""',
        '"x"',
        '"\\ud800"',
        '"\udcff"',
        '"é"',
        "{}",
        "[]",
        "9" * 30,
        "{",
    ]
)
counts = st.integers(0, 9).map(str) | odd
usages = objects(prompt_tokens=counts, completion_tokens=counts, total_tokens=counts)
errors = objects(code=odd, message=odd, type=odd)
bodies = objects(text=odd, usage=usages, error=errors)
statuses = st.sampled_from(["200", "299", "399", "400", "500", "-1"]) | odd
result_rows = objects(
    custom_id=st.sampled_from(['"a"', '"b"', '"\\u0061"', '"é"']) | odd,
    response=objects(status_code=statuses, body=bodies),
    error=st.just("null") | errors,
)


class Refuses:
    """Stands for a decoder of rows as most are, and takes none."""

    def decode(self, line: bytes) -> Any:
        raise ValueError


@given(st.lists(result_rows, max_size=6), st.lists(result_rows, max_size=3), st.booleans())
def test_the_quick_reading_says_what_read_result_does(output: list[str], failed: list[str], asked: bool) -> None:
    """The same rows and the same account for any rows, of odd types, with fields twice, and not quite JSON."""
    files = [b"".join(row.encode("utf-8", "surrogateescape") + b"\n" for row in rows) for rows in (output, failed)]
    requests = request("a") + request("é") + request("b") if asked else None
    quick = run(requests, *files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_join, "_answer", Refuses())
        patch.setattr(_join, "_glance_row", Refuses())
        assert run(requests, *files) == quick


def test_the_quick_reading_takes_an_answer() -> None:
    """Most rows are read without `read_result`; an error, a status of 400 and an answer that is no object are not."""
    assert _join._read(answer("a"))[1] is None
    for row in (failure("a"), answer("a").replace(b"200", b"400"), b'{"custom_id": "a", "response": {"body": []}}'):
        assert _join._read(row)[1] is not None


def test_an_answer_that_is_not_quite_utf8_is_written_as_utf8() -> None:
    """Half of a surrogate pair in bytes, as only a lenient reader takes it."""
    row = b'{"custom_id": "a", "response": {"status_code": 200, "body": {"t": "\xed\xa0\x80"}}}\n'
    (joined_row,) = read([line.decode().encode() for line in run(request("a"), row)[0]])
    assert (200, {"t": "?"}) == (joined_row["status_code"], joined_row["response"])


def test_ten_thousand_answers_need_no_more_memory_than_their_places() -> None:
    """A dozen bytes an answer, however long it is, and the rows that are being written."""
    count = 10_000
    text = b'"text": "' + b"x" * 1000
    with closing(Spool()) as spool:
        spool.write_all(answer(f"id-{number}").replace(b'"text": "', text) for number in range(count))
        requests = b"".join(request(f"id-{number}") for number in reversed(range(count)))
        tally = Tally()
        with open_source(io.BytesIO(requests), "requests.jsonl") as source:
            tracemalloc.start()
            try:
                size = sum(len(chunk) for chunk in joined(source, [spool], tally))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert (count, count, 0) == (tally.requests, tally.answered, tally.unmatched)
    assert size > 10_000_000
    assert peak < 3_000_000


@given(st.lists(st.binary(max_size=30)), st.lists(st.binary(max_size=30)))
def test_no_bytes_make_the_join_fail(requests: list[bytes], results: list[bytes]) -> None:
    """Whatever is in the files, the output is one JSON object a line."""
    lines, tally = run(b"\n".join([request("a"), *requests]), b"\n".join(results))
    assert all(isinstance(row, dict) for row in read(lines))
    assert len(lines) == (tally.requests or 0) + tally.unmatched
