"""What an error says: the service's words, what to do, and never the key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from flows import SETTINGS, START, reply
from together_batches import APIResponseValidationError, APIStatusError, AuthenticationError
from together_batches._effects import Reply
from together_batches._reading import (
    contract_error,
    is_html,
    json_object,
    json_value,
    one_line,
    said,
    status_error,
    storage_error,
)

KEY = SETTINGS.key


def error(status: int, body: Any = None, **headers: str) -> APIStatusError:
    return status_error("files.list", reply(status, body, **headers), SETTINGS, START.unix)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Job not found", "request_id": "r"}, "Job not found"),
        ({"error": {"message": "no such file", "type": "invalid", "param": None, "code": None}}, "no such file"),
        ({"message": "no"}, "no"),
        ({"detail": "no"}, "no"),
        ({"error": None, "message": "no"}, "no"),
        ({"error": {"error": {"message": "deep"}}}, "deep"),
        ({"error": "two\nlines\x1b[31m"}, "two lines [31m"),
        ({"error": 5}, ""),
        ({}, ""),
        (["no"], ""),
        (None, ""),
        ("no", "no"),
        (b"plain words", "plain words"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_the_services_words_are_found(body: Any, words: str) -> None:
    """Both documented shapes and what else has been seen are read; what says nothing is left out."""
    assert f"files.list: 418{f' {words}' if words else ''}" == str(error(418, body))


def test_a_page_for_people_is_not_quoted() -> None:
    """An HTML page is from somebody between, and is said to be one."""
    page = b"<!DOCTYPE html><html><body>" + b"blocked " * 1000
    for told in (error(502, page), error(502, b"blocked", content_type="text/html; charset=utf-8")):
        assert "files.list: 502 an HTML page, so not from the API itself; try again later" == str(told)
        assert "an HTML page, so not from the API itself" == told.body


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "mend the request"),
        (401, "the key from api_key= is not accepted: set another"),
        (403, "ask for access, or use another key"),
        (404, "check the id, and that the key belongs to the same account"),
        (409, "look at its state first"),
        (413, "send less"),
        (429, "wait, then try again"),
        (500, "try again later"),
        (520, "try again later"),
        (302, "a redirect here means that the base URL is not that of the API: check TOGETHER_BASE_URL"),
    ],
)
def test_an_error_says_what_to_do(status: int, hint: str) -> None:
    """Each status that somebody can act on has a hint."""
    assert f"files.list: {status} no; {hint}" == str(error(status, {"error": "no"}))


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (429, "90", "try again in 90 s, after 14:14:50 UTC"),
        (503, "3600", "try again in 3600 s, after 15:13:20 UTC"),
        (503, "Mon, 21 Sep 2026 14:14:20 GMT", "try again in 60 s, after 14:14:20 UTC"),
        (503, "soon", "try again later"),
        (409, "5", "look at its state first"),
    ],
)
def test_the_time_that_the_service_asks_for_is_told(status: int, asked: str, expected: str) -> None:
    """A Retry-After becomes a time of day, where waiting helps."""
    assert f"files.list: {status} no; {expected}" == str(error(status, {"error": "no"}, retry_after=asked))


@pytest.mark.parametrize(
    "asked", ["99999999999999999999", "1e300", "-1", "nan", "inf", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_no_retry_after_hides_an_error(asked: str) -> None:
    """However odd the header, the error is the service's."""
    assert 503 == error(503, {"error": "no"}, retry_after=asked).status_code


@pytest.mark.parametrize(
    "headers", [{"x_request_id": "r-1"}, {"cf_ray": "r-1"}, {"x_request_id": "r-1", "cf_ray": "r-2"}]
)
def test_the_name_of_the_request_is_told(headers: dict[str, str]) -> None:
    """The service's support asks for it."""
    told = error(500, {"error": "no"}, **headers)
    assert ("r-1", True) == (told.request_id, str(told).endswith("(request r-1)"))


def test_an_error_carries_the_decoded_body() -> None:
    """A program finds all that the service said."""
    body = {"error": {"message": "no", "code": 7}, "more": [1.5, None, True]}
    assert (422, body, 2.0, None) == (
        (told := error(422, body, retry_after="2")).status_code,
        told.body,
        told.retry_after,
        told.request_id,
    )


@pytest.mark.parametrize("source", ["api_key=", "TOGETHER_API_KEY"])
def test_a_refused_key_is_named_by_where_it_came_from(source: str) -> None:
    """The error says which key was refused, without a character of it."""
    told = status_error("files.list", reply(401, {"error": "bad key"}), evolve(SETTINGS, key_source=source), 0.0)
    assert isinstance(told, AuthenticationError)
    assert f"files.list: 401 bad key; the key from {source} is not accepted: set another" == str(told)
    assert KEY not in repr(told) + str(vars(told))


@pytest.mark.parametrize(
    "body",
    [
        {"error": f"the key {KEY} is wrong"},
        {"error": {"message": f"Bearer {KEY}", "param": [KEY, {KEY: 1}]}},
        f"Bearer {KEY}".encode(),
        b"x" * 295 + KEY.encode(),
        {"error": "x" * 295 + KEY},
        b"x" * 1195 + KEY.encode(),
    ],
)
def test_a_key_that_the_service_says_back_is_not_repeated(body: Any) -> None:
    """Neither the words nor the body of an error hold the key, whole or cut."""
    for told in (
        error(401, body),
        contract_error("files.list", reply(200, body), "the answer is not JSON", SETTINGS),
    ):
        shown = str(told) + json.dumps(told.body)
        assert KEY not in shown
        assert KEY[:5] not in shown


def test_an_answer_that_is_no_json_is_shown() -> None:
    """The error shows the start of what came, on one line."""
    with pytest.raises(APIResponseValidationError) as caught:
        json_value("files.list", reply(200, b"so\n\tsorry " + b"x" * 400, x_request_id="r-1"), SETTINGS)
    start = "so sorry " + "x" * 291 + "…"
    assert f"files.list: the answer is not JSON (status 200); it starts: {start}" == str(caught.value)
    assert (200, "r-1", start) == (caught.value.status_code, caught.value.request_id, caught.value.body)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b""), "the answer is not JSON (status 200); it starts: nothing"),
        (reply(200, b"  <HTML>"), "an HTML page came in place of JSON (status 200); it starts: <HTML>"),
        (reply(200, b"hi", content_type="text/html"), "an HTML page came in place of JSON (status 200); it starts: hi"),
    ],
)
def test_an_answer_without_json_says_what_it_is(answer: Reply, words: str) -> None:
    """Nothing, and a page, are told apart from broken JSON."""
    with pytest.raises(APIResponseValidationError) as caught:
        json_value("files.list", answer, SETTINGS)
    assert f"files.list: {words}" == str(caught.value)


@pytest.mark.parametrize("value", [None, [], "x", 5, True])
def test_an_object_is_an_object(value: Any) -> None:
    """Any other JSON value is a broken contract; an object is given as it is."""
    with pytest.raises(APIResponseValidationError, match="not a JSON object"):
        json_object("files.list", reply(200, json.dumps(value).encode()), SETTINGS)
    assert {"a": value} == json_object("files.list", reply(200, {"a": value}), SETTINGS)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(200, b"<!doctype HTML>"), True),
        (reply(200, b"\n<html lang=en>"), True),
        (reply(200, b"{}", content_type="TEXT/HTML"), True),
        (reply(200, b"{}", content_type="application/xhtml+xml"), True),
        (reply(200, b"<?xml?>", content_type="application/xml"), False),
        (reply(200, b'{"a": "<html>"}'), False),
        (reply(200), False),
    ],
)
def test_a_page_is_known_by_its_type_or_its_start(answer: Reply, expected: bool) -> None:
    """Either is enough; XML of a storage service is none."""
    assert expected == is_html(answer)


def test_the_start_of_a_body_is_printable() -> None:
    """Control characters, broken UTF-8 and length do no harm to a terminal or a log."""
    assert "a b c" == one_line("a\r\n b\u2028\x00c".encode(), SETTINGS)
    assert "\ufffd" == one_line(b"\xff", SETTINGS)
    assert 301 == len(one_line("🎈".encode() * 10_000, SETTINGS))


def test_words_without_an_end_end() -> None:
    """Long words are cut."""
    assert "x" * 300 + "…" == said({"error": "x" * 10_000}, SETTINGS)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            403,
            b"<Error><Code>AccessDenied</Code><Signed>hidden</Signed></Error>",
            "storage: 403 AccessDenied; try again",
        ),
        (503, b"<Error><Code>SlowDown</Code></Error>", "storage: 503 SlowDown; try again later"),
        (403, b"<Code>hidden words</Code>", "storage: 403; try again"),
        (403, b"hidden", "storage: 403; try again"),
    ],
)
def test_of_the_words_of_storage_only_the_code_is_told(status: int, body: bytes, expected: str) -> None:
    """Storage quotes what was signed, and knows nothing of the key."""
    told = storage_error("storage", reply(status, body), START.unix)
    assert (expected, None, status) == (str(told), told.body, told.status_code)
