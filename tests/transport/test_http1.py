"""HTTP/1.1 without I/O: what is sent, and what an answer is, however its bytes come."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches._transport._http1 import MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES, Incoming, encoded
from together_batches._transport._message import Origin, Request, TransportError, split

ORIGIN = Origin("http", "a.test", 8080)


def read(*pieces: bytes, end: bool = False) -> tuple[Incoming, bytes]:
    """An answer from the pieces that it comes in, and its body; `end` is the end of the connection behind them."""
    incoming, body = Incoming(), b""
    for piece in (*pieces, b"") if end else pieces:
        incoming.receive(piece)
        if not incoming.status and not incoming.head():
            continue
        while chunk := incoming.chunk():
            body += chunk
    return incoming, body


def test_a_request_is_its_line_its_fields_and_its_body() -> None:
    """With a Host and the length of what follows, and nothing else that was not asked for."""
    headers = {"User-Agent": "tests/1", "X-Part": "ü"}
    sent = encoded(Request("POST", ORIGIN, "/v1/batches?a=%20", headers, 1.0, b'{"a":1}'))
    assert (
        b"POST /v1/batches?a=%20 HTTP/1.1\r\nHost: a.test:8080\r\nUser-Agent: tests/1\r\nX-Part: \xfc\r\n"
        b'Content-Length: 7\r\n\r\n{"a":1}' == sent
    )


@pytest.mark.parametrize(("method", "says"), [("GET", False), ("DELETE", False), ("POST", True), ("PUT", True)])
def test_a_request_without_a_body_says_so_where_one_is_usual(method: str, says: bool) -> None:
    """Else a server may wait for it."""
    assert says == (b"\r\nContent-Length: 0\r\n" in encoded(Request(method, ORIGIN, "/", {}, 1.0)))


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a b", {}),
        ("/a\r\nX: 1", {}),
        ("/ü", {}),
        ("/", {"A": "b\r\nC: d"}),
        ("/", {"A": "b\nC: d"}),
        ("/", {"A": "b\rC"}),
        ("/", {"A": "b\0"}),
        ("/", {"A": "€"}),
    ],
)
def test_what_would_be_another_request_is_not_sent(target: str, headers: dict[str, str]) -> None:
    """Line breaks, spaces in the address, and what has no bytes."""
    with pytest.raises(TransportError) as caught:
        encoded(Request("GET", ORIGIN, target, headers, 1.0))
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("http://a.test", Origin("http", "a.test", 80), "/"),
        ("https://A.test/x?y=%2F&z#f", Origin("https", "a.test", 443), "/x?y=%2F&z"),
        ("http://[::1]:81?q", Origin("http", "::1", 81), "/?q"),
        ("http://a.test:443/", Origin("http", "a.test", 443), "/"),
    ],
)
def test_an_address_is_an_origin_and_a_target(url: str, origin: Origin, target: str) -> None:
    """As it is written, but for the fragment, which is nobody's business."""
    assert (origin, target) == split(url)


@pytest.mark.parametrize("url", ["ftp://a.test/", "http://", "http://[::1", "http://a.test:x/", "x", "http://ü.test/"])
def test_an_address_that_is_none_sends_nothing(url: str) -> None:
    """And says so."""
    with pytest.raises(TransportError, match="address") as caught:
        split(url)
    assert not caught.value.sent


def test_the_default_port_goes_unsaid() -> None:
    """In a Host header, and an address of version 6 stands in brackets."""
    origins = [Origin("http", "a.test", 80), Origin("https", "a.test", 80), Origin("https", "::1", None)]
    assert ["a.test", "a.test:80", "[::1]"] == [origin.authority for origin in origins]


def test_fields_are_read() -> None:
    """In lower case, one after the other where a name comes twice, without the space around them, folds unfolded."""
    incoming, body = read(
        b"HTTP/1.1 200 OK\r\nX-One:  a \t\r\nx-one: b\r\nEmpty:\r\nFolded: c\r\n  d\r\nLatin: \xfc\r\nContent-Length: 2"
        b"\r\n\r\nhi"
    )
    assert {
        "x-one": "a, b",
        "empty": "",
        "folded": "c d",
        "latin": "ü",
        "content-length": "2",
    } == incoming.headers
    assert (200, b"hi", True) == (incoming.status, body, incoming.reusable)


def test_interim_answers_are_passed_over() -> None:
    """As many as come; the one that counts follows."""
    incoming, body = read(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 201\r\nContent-Length: 1\r\n\r\nx"
    )
    assert (201, b"x", True) == (incoming.status, body, incoming.reusable)
    assert {"content-length": "1"} == incoming.headers


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(status: int) -> None:
    """Whatever their length says."""
    incoming, body = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert (b"", True) == (body, incoming.reusable)


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_where_both_keep_it(head: bytes, reusable: bool) -> None:
    """By the version and the Connection field."""
    assert reusable == read(head, b"x")[0].reusable


def test_a_connection_on_which_more_came_is_not_kept() -> None:
    """What was not asked for cannot be told from the answer to the next request."""
    for surplus in (b"\r\n", b"HTTP/1.1 200 OK\r\n"):
        incoming, body = read(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" + surplus)
        assert (b"x", True, False) == (body, incoming.is_over, incoming.reusable)


def test_a_connection_that_ended_or_was_not_sent_to_whole_is_not_kept() -> None:
    """Though the answer is whole."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    incoming, _ = read(answer, end=True)
    assert not incoming.reusable
    incoming, _ = read(answer)
    incoming.drop()
    assert not incoming.reusable


def test_two_framings_are_chunks_and_the_last_answer() -> None:
    """As the standard asks: the length is not to be trusted."""
    incoming, body = read(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: Chunked\r\n\r\n1;x=y\r\na\r\n0\r\nT: 1\r\n\r\n"
    )
    assert (b"a", True, False) == (body, incoming.is_over, incoming.reusable)


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ([], "ended without an answer"),
        ([b"HT"], "ended in the head"),
        ([b"HTTP/1.1 200 OK\r\nContent-"], "ended in the head"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], "ended without an answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"], r"cut after 2 of 5 bytes"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], r"cut after 0 of 5 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"], "cut after 0 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"], "cut after 2 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"], "cut after 2 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"], "cut after 2 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: 1\r\n"], "cut after 2 bytes"),
    ],
)
def test_an_end_that_comes_too_early_is_a_cut(pieces: list[bytes], says: str) -> None:
    """Wherever it comes; what was received before is given out first."""
    with pytest.raises(TransportError, match=says) as caught:
        read(*pieces, end=True)
    assert caught.value.sent


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * (MAX_CHUNK_LINE_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * MAX_HEAD_BYTES,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * MAX_HEAD_BYTES,
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    """At once, before the connection ends or a timeout does."""
    with pytest.raises(TransportError):
        read(answer)


BODIES = st.lists(st.binary(max_size=40), max_size=4)
FRAMINGS = st.sampled_from(["length", "chunks", "end"])


def served(chunks: list[bytes], framing: str) -> bytes:
    """An answer as a server of another make writes it."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.next_event()
    body = b"".join(chunks)
    headers = {
        "length": [("Content-Length", str(len(body)))],
        "chunks": [("Transfer-Encoding", "chunked")],
        "end": [("Connection", "close")],
    }[framing]
    if framing == "end":
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
    sent = [server.send(h11.Response(status_code=200, headers=headers, reason="OK"))]
    sent += [server.send(h11.Data(data=chunk)) for chunk in chunks]
    sent += [server.send(h11.EndOfMessage())]
    return b"".join(part or b"" for part in sent)


@given(chunks=BODIES, framing=FRAMINGS, cuts=st.lists(st.integers(0, 400), max_size=6))
def test_an_answer_is_the_same_however_it_comes(chunks: list[bytes], framing: str, cuts: list[int]) -> None:
    """In one piece or in many, cut wherever."""
    wire = served(chunks, framing)
    places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    pieces = [wire[start:end] for start, end in pairwise(places)]
    incoming, body = read(*pieces, end=framing == "end")
    assert (200, b"".join(chunks), True) == (incoming.status, body, incoming.is_over)
    assert (framing != "end") == incoming.reusable


@given(chunks=BODIES, framing=st.sampled_from(["length", "chunks"]), at=st.integers(0, 400))
def test_an_answer_that_is_cut_is_never_whole(chunks: list[bytes], framing: str, at: int) -> None:
    """At whatever byte before its last."""
    wire = served(chunks, framing)
    if at < len(wire):
        with pytest.raises(TransportError):
            read(wire[:at], end=True)


@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"]))
def test_any_bytes_are_an_answer_or_a_broken_one(data: bytes, start: bytes) -> None:
    """Nothing else is raised."""
    with suppress(TransportError):
        read(start + data, end=True)
