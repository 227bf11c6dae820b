"""Downloads that are whole, as traces of what the flow asks of the world."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from msgspec.structs import replace

from flows import REFUSED, RESET, SETTINGS, TIMED_OUT, Trace, reply
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    DownloadError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from together_batches._download import MAX_REDIRECTS, download
from together_batches._effects import Failure, Fetch, Fetched, Reply
from together_batches._files import retrieve_content
from together_batches._retry import Policy
from together_batches._sink import Spool

DATA = bytes(range(200))
ONE_TRY = evolve(SETTINGS, policy=Policy(max_retries=0))
UNKNOWN = reply(200, {"id": "file-1"})
KNOWN = reply(200, {"id": "file-1", "bytes": 200})
PATH = "/files/file-1/content"

Server = Callable[[Fetch], Fetched]


def serve(status: int = 200, body: bytes = DATA, failure: Failure | None = None, **headers: str) -> Server:
    """A server that sends a body, then ends or is cut."""

    def server(fetch: Fetch) -> Fetched:
        head = reply(status, **headers)
        if fetch.begin(head):
            fetch.sink.write(body)
            return Fetched(head, failure)
        return Fetched(replace(head, body=body[: 64 * 1024]), failure)

    return server


def cut(size: int, **headers: str) -> Server:
    return serve(200, DATA[:size], RESET, **headers)


def rest(start: int, **headers: str) -> Server:
    place: dict[str, Any] = {"content_range": f"bytes {start}-199/200", "content_length": str(200 - start)}
    return serve(206, DATA[start:], **{**place, **headers})


def run(*answers: Any, settings: Any = SETTINGS, on_progress: Any = None) -> tuple[bytes, Trace]:
    """What was downloaded, and the trace."""
    trace = Trace(*answers)
    content = trace.run(retrieve_content("file-1", None, on_progress, settings))
    assert isinstance(content, bytes)
    return content, trace


def fetches(trace: Trace) -> list[tuple[str, dict[str, str]]]:
    return [(effect.target, dict(effect.headers)) for effect in trace.effects if isinstance(effect, Fetch)]


LENGTH: dict[str, Any] = {"content_length": "200"}


@pytest.mark.parametrize(
    ("described", "server"),
    [
        (KNOWN, serve(**LENGTH)),
        (UNKNOWN, serve(**LENGTH)),
        (KNOWN, serve()),
        (KNOWN, serve(transfer_encoding="chunked")),
        (UNKNOWN, serve(transfer_encoding="chunked")),
        (KNOWN, serve(content_encoding="gzip", content_length="55")),
        (UNKNOWN, serve(content_encoding="gzip", transfer_encoding="chunked")),
        (KNOWN, serve(content_type="application/json", **LENGTH)),
        (KNOWN, serve(content_type="application/json", transfer_encoding="chunked")),
        (UNKNOWN, serve(content_type="application/json", **LENGTH)),
    ],
)
def test_a_whole_file_is_one_request(described: Reply, server: Server) -> None:
    """The size is that of Content-Length and of the service's record, as far as there are any."""
    content, trace = run(described, server)
    assert DATA == content
    assert [(PATH, {})] == fetches(trace)
    assert ["GET /files/file-1"] == trace.calls


def test_an_empty_file_is_one() -> None:
    """Nothing, announced as nothing."""
    for described in (UNKNOWN, reply(200, {"id": "file-1", "bytes": 0})):
        assert b"" == run(described, serve(200, b"", content_length="0"))[0]


@pytest.mark.parametrize("described", [KNOWN, UNKNOWN])
def test_a_cut_download_goes_on_where_it_was(described: Reply) -> None:
    """The rest is asked for by its range, and only if the file is still the same."""
    content, trace = run(described, cut(70, etag='"e"', **LENGTH), RESET, rest(70, etag='"e"'))
    assert DATA == content
    again = (PATH, {"Range": "bytes=70-", "If-Range": '"e"'})
    assert [(PATH, {}), again, again] == fetches(trace)


def test_each_step_forward_is_worth_as_many_tries_again() -> None:
    """A file that comes in many pieces comes; the pauses begin anew after each."""
    pieces = [
        serve(206, DATA[start : start + 10], RESET, content_range=f"bytes {start}-199/200")
        for start in range(10, 190, 10)
    ]
    content, trace = run(KNOWN, cut(10), *pieces, rest(190))
    assert DATA == content
    assert {(0.0, 0.5)} == set(trace.sleeps)
    assert 19 == len(trace.sleeps)


def test_without_a_tag_a_known_size_is_enough() -> None:
    """The range is asked for, since the whole can be measured."""
    content, trace = run(KNOWN, cut(70), rest(70))
    assert DATA == content
    assert {"Range": "bytes=70-"} == fetches(trace)[1][1]
    assert DATA == run(KNOWN, cut(70), rest(70, content_range="bytes 70-199/*"))[0]


@pytest.mark.parametrize(
    ("described", "headers"),
    [
        (UNKNOWN, {}),
        (UNKNOWN, {"transfer_encoding": "chunked"}),
        (UNKNOWN, {"etag": 'W/"e"'}),
        (KNOWN, {"accept_ranges": "none"}),
        (KNOWN, {"content_encoding": "gzip"}),
    ],
)
def test_what_cannot_be_joined_is_begun_again(described: Reply, headers: dict[str, Any]) -> None:
    """Without a strong tag or a size, and where ranges are not given, a beginning is worth nothing."""
    content, trace = run(described, cut(70, **headers), serve(transfer_encoding="chunked"))
    assert DATA == content
    assert [(PATH, {}), (PATH, {})] == fetches(trace)


def test_the_whole_file_in_answer_to_a_range_begins_again() -> None:
    """A server that ignores the range, or has another file by now, sends all of it: that is the file."""
    other = DATA[::-1]
    content, _ = run(UNKNOWN, cut(70, etag='"e"', **LENGTH), serve(200, other, etag='"f"', **LENGTH))
    assert other == content


@pytest.mark.parametrize(
    "headers",
    [
        {"content_range": "bytes 0-199/200"},
        {"content_range": "bytes 71-199/200"},
        {"content_range": "bytes 70-199/201"},
        {"content_range": "bytes */200"},
        {"content_range": "items 70-199/200"},
        {"content_range": ""},
        {"etag": '"f"'},
        {"etag": 'W/"e"'},
    ],
)
def test_a_wrong_piece_is_not_joined_on(headers: dict[str, Any]) -> None:
    """Another place, another size, another file: nothing of it is kept, and the file is asked for as a whole."""
    wrong = rest(70, **headers)
    content, trace = run(KNOWN, cut(70, etag='"e"', **LENGTH), wrong, serve(etag='"f"', **LENGTH))
    assert DATA == content
    assert [{}, {"Range": "bytes=70-", "If-Range": '"e"'}, {}] == [headers for _, headers in fetches(trace)]


def test_a_piece_that_was_not_asked_for_is_not_the_file() -> None:
    """206 to a plain request is joined only where it begins the file."""
    assert DATA == run(KNOWN, rest(70), serve(**LENGTH))[0]
    assert DATA == run(KNOWN, serve(206, content_range="bytes 0-199/200"))[0]


def test_a_refused_range_begins_again() -> None:
    """416 says that there is no such rest."""
    content, trace = run(KNOWN, cut(70), serve(416, b"no"), serve(**LENGTH))
    assert DATA == content
    assert {} == fetches(trace)[2][1]


@pytest.mark.parametrize(
    ("described", "server"),
    [
        (KNOWN, serve(200, DATA[:150], content_length="150")),
        (KNOWN, serve(200, DATA + b"x", content_length="201")),
        (reply(200, {"id": "file-1", "bytes": 199}), serve(**LENGTH)),
        (KNOWN, serve(200, DATA[:150], transfer_encoding="chunked")),
        (KNOWN, serve(200, DATA[:150])),
        (UNKNOWN, serve(200, DATA)),
    ],
)
def test_a_wrong_size_is_an_error(described: Reply, server: Server) -> None:
    """Shorter, longer, or nobody knows: after the last try the error gives the numbers."""
    with pytest.raises(DownloadError, match=r"the content of file file-1: .* after \d+ bytes; try again"):
        run(described, server, settings=ONE_TRY)


def test_a_wrong_size_is_tried_again() -> None:
    """A short answer is gone on from where the size is known, a long one is begun again."""
    assert DATA == run(KNOWN, serve(200, DATA[:150]), rest(150))[0]
    content, trace = run(KNOWN, serve(200, DATA + b"x"), serve(**LENGTH))
    assert DATA == content
    assert {} == fetches(trace)[1][1]


def test_a_download_that_never_ends_well_ends() -> None:
    """When no try comes further than the last, the tries are over."""
    with pytest.raises(DownloadError, match="reset after 70 bytes"):
        run(UNKNOWN, *[cut(70)] * 6)
    with pytest.raises(DownloadError, match="no size is known after 200 bytes"):
        run(UNKNOWN, *[serve()] * 6)


@pytest.mark.parametrize(
    ("outcome", "error"), [(RESET, APIConnectionError), (REFUSED, APIConnectionError), (TIMED_OUT, APITimeoutError)]
)
def test_a_service_that_does_not_answer_is_a_connection_error(outcome: Failure, error: type[Exception]) -> None:
    """After the last try, as for any call."""
    with pytest.raises(error):
        run(KNOWN, *[outcome] * 5)


def test_a_passing_failure_is_sat_out() -> None:
    """Errors of the server are tried again, at the time that it asks for."""
    content, trace = run(KNOWN, serve(503, b"", retry_after="7"), serve(502, b"<html>", RESET), serve(**LENGTH))
    assert DATA == content
    assert (7.0, 7.5) == trace.sleeps[0]


@pytest.mark.parametrize("status", [500, 503])
def test_a_lasting_failure_is_the_services_error(status: int) -> None:
    """After the last try, in the service's words."""
    with pytest.raises(InternalServerError, match=f"the content of file file-1: {status} broken"):
        run(KNOWN, *[serve(status, b'{"error": {"message": "broken"}}')] * 5)


def test_an_unknown_file_is_not_found() -> None:
    """At the first look, or at the content."""
    with pytest.raises(NotFoundError):
        run(reply(404))
    with pytest.raises(NotFoundError, match="no content"):
        run(KNOWN, serve(404, b'{"error": {"message": "no content"}}'))


PAGE = b"<!DOCTYPE html><html>sign in</html>"


@pytest.mark.parametrize("described", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("headers", [{"content_type": "text/html"}, {"content_type": "text/html", **LENGTH}])
def test_a_page_is_not_the_file(described: Reply, headers: dict[str, Any]) -> None:
    """A page with status 200 is tried again, then told."""
    assert DATA == run(described, serve(200, PAGE, **headers), serve(**LENGTH))[0]
    with pytest.raises(APIResponseValidationError, match=r"an HTML page came in place of the file .*sign in"):
        run(described, serve(200, PAGE, **headers), settings=ONE_TRY)


def test_a_page_that_says_nothing_of_itself_is_not_the_file() -> None:
    """Its first bytes tell, even where its size is right."""
    described = reply(200, {"id": "file-1", "bytes": len(PAGE)})
    with pytest.raises(APIResponseValidationError, match="an HTML page came in place of the file"):
        run(described, serve(200, PAGE, content_length=str(len(PAGE))))


def test_an_error_with_the_status_of_a_success_is_not_the_file() -> None:
    """JSON that is announced as such, of another size than the file has, is a message."""
    error = serve(200, b'{"error": "gone"}', content_type="application/json; charset=utf-8", content_length="17")
    assert DATA == run(KNOWN, error, serve(**LENGTH))[0]
    with pytest.raises(APIResponseValidationError, match=r"something else came in place of the file .*gone"):
        run(KNOWN, error, settings=ONE_TRY)


@pytest.mark.parametrize("body", [b'{"error": "gone: secret-key"}', b'{"error": {"message": "gone: secret-key"}}'])
def test_an_error_that_cannot_be_measured_is_not_the_file(body: bytes) -> None:
    """Where no size is known the words tell; the key is not repeated."""
    with pytest.raises(APIResponseValidationError, match=r"in place of the file: gone: \[key\]") as caught:
        run(UNKNOWN, serve(200, body, content_length=str(len(body)), x_request_id="r-1"))
    assert (200, "r-1") == (caught.value.status_code, caught.value.request_id)
    assert "secret-key" not in str(caught.value.body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"custom_id": "a", "error": {"message": "no"}}\n',
        b'{"error": null, "custom_id": "a"}',
        b'{"a": 1}',
        b"[]",
        b'{"error": "one"}\n{"error": "two"}\n',
        b"x",
        b"\x00\xff",
    ],
)
def test_a_small_file_is_not_taken_for_an_error(body: bytes) -> None:
    """A row of results, or whatever else a file may hold."""
    assert body == run(UNKNOWN, serve(200, body, content_length=str(len(body))))[0]


def test_an_error_file_of_known_size_is_a_file() -> None:
    """What has the size of the record is the file, whatever it says."""
    body = b'{"error": "yes"}'
    described = reply(200, {"id": "file-1", "bytes": len(body)})
    assert body == run(described, serve(200, body, content_length=str(len(body)), content_type="application/json"))[0]


def redirect(location: str, status: int = 302) -> Server:
    return serve(status, b"moved", location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://storage.test/x?sig=hidden", "https://storage.test/x?sig=hidden"),
        ("http://storage.test/x", "http://storage.test/x"),
        ("http://api.test:81/x", "http://api.test:81/x"),
        ("/v1/files/other/content", "http://api.test/v1/files/other/content"),
    ],
)
def test_a_redirect_is_followed(status: int, location: str, target: str) -> None:
    """To wherever the content is; only the first address is one below the API's, which gets the key."""
    content, trace = run(KNOWN, redirect(location, status), serve(**LENGTH))
    assert DATA == content
    assert [(PATH, {}), (target, {})] == fetches(trace)
    assert "hidden" not in repr(trace.effects)


def test_a_range_is_asked_for_through_a_redirect() -> None:
    """Each try begins at the API, since the address of storage may have run out."""
    there = redirect("https://storage.test/x")
    content, trace = run(KNOWN, there, cut(70, etag='"e"'), there, rest(70, etag='"e"'))
    assert DATA == content
    assert [PATH, "https://storage.test/x"] * 2 == [target for target, _ in fetches(trace)]
    assert {"Range": "bytes=70-", "If-Range": '"e"'} == fetches(trace)[3][1]


def test_redirects_come_to_an_end() -> None:
    """Some are followed, a circle is not."""
    some = [redirect(f"https://storage.test/{n}") for n in range(MAX_REDIRECTS)]
    assert DATA == run(KNOWN, *some, serve(**LENGTH))[0]
    with pytest.raises(DownloadError, match="more than 5 redirects"):
        run(KNOWN, *[redirect("https://storage.test/x")] * (MAX_REDIRECTS + 1))


@pytest.mark.parametrize(
    "location", ["ftp://storage.test/x", "https://user@storage.test/x", "https://[bad/x", "https://storage.test:0/x"]
)
def test_a_redirect_that_is_not_to_be_trusted_is_not_followed(location: str) -> None:
    """The rules are those of every address from the wire."""
    with pytest.raises(APIResponseValidationError, match="unusable address"):
        run(KNOWN, redirect(location))


def test_a_redirect_does_not_step_down_from_https() -> None:
    """Neither from the API nor from a later address."""
    secure = evolve(SETTINGS, base_url="https://api.test/v1")
    with pytest.raises(APIResponseValidationError, match="unusable address"):
        run(KNOWN, redirect("http://storage.test/x"), settings=secure)
    with pytest.raises(APIResponseValidationError, match="unusable address"):
        run(KNOWN, redirect("https://storage.test/x"), redirect("http://storage.test/x"))


def test_a_redirect_to_nowhere_is_an_error() -> None:
    """Without a Location there is nothing to follow."""
    with pytest.raises(Exception, match="302"):
        run(KNOWN, serve(302, b""))


def test_progress_is_told_in_bytes_of_the_size() -> None:
    """What has to be begun again is taken back."""
    told: list[tuple[int, int]] = []
    run(
        KNOWN,
        cut(70),
        serve(416, b""),
        serve(**LENGTH),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert [(70, 200), (0, 200), (200, 200)] == told


def test_a_file_is_written_when_it_is_whole(tmp_path: Path) -> None:
    """To the path that is given, which is returned; a failure leaves what was there."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(DownloadError):
        Trace(KNOWN, cut(70)).run(retrieve_content("file-1", path, None, ONE_TRY))
    assert (b"old", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))
    assert path == Trace(KNOWN, serve(**LENGTH)).run(retrieve_content("file-1", str(path), None, SETTINGS))
    assert (DATA, [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


def test_a_path_that_cannot_be_written_costs_no_download(tmp_path: Path) -> None:
    """It is found out before anything is asked for."""
    with pytest.raises(InvalidArgumentError):
        Trace().run(retrieve_content("file-1", tmp_path / "missing" / "out", None, SETTINGS))


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_is_none_is_refused(id: str) -> None:
    """Before anything is sent."""
    with closing(Spool(io.BytesIO())) as spool, pytest.raises(InvalidArgumentError):
        Trace().run(download(id, spool, None, SETTINGS))


def test_a_refusal_of_storage_quotes_nothing() -> None:
    """Storage says back what was signed, and never saw the key."""
    refused = serve(403, b"<Error><Code>AccessDenied</Code><Signed>hidden</Signed></Error>")
    with pytest.raises(PermissionDeniedError, match="from storage: 403 AccessDenied; try again") as caught:
        run(KNOWN, redirect("https://storage.test/x"), refused, settings=ONE_TRY)
    assert "hidden" not in str(caught.value) + repr(caught.value.body)
