"""Each fault does on the wire what it says: bytes, FIN or RST, and what the server holds then."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import frozen

from faults.faults import GARBAGE, HTML, End, Fault, FaultValue
from faults.raw import connect, create, drain, request, talk
from faults.server import FaultServer
from faults.tls import contexts
from faults.world import KEY, Behaviour

FILE = b'{"custom_id": "a", "body": {"model": "m"}}\n' * 40
LAST = b"Connection: close"


def split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@frozen
class Beneath:
    """What comes beneath the TLS of a socket."""

    sock: ssl.SSLSocket

    def recv(self, size: int, /) -> bytes:
        return socket.socket.recv(self.sock, size)


def fill(sock: socket.socket, size: int) -> None:
    piece = bytes(1 << 20)
    while size > 0:
        size -= sock.send(piece[:size])


def length_of(head: bytes) -> int:
    match = re.search(rb"Content-Length: (\d+)", head)
    assert match is not None
    return int(match.group(1))


@pytest.mark.parametrize(
    ("fault", "ends", "jobs"),
    [
        (Fault.before_reading(End.RESET), "reset", 0),
        (Fault.before_reading(End.FIN), "fin", 0),
        (Fault.in_request(End.RESET), "reset", 0),
        (Fault.in_request(End.FIN), "fin", 0),
        (Fault.before_processing(End.RESET), "reset", 0),
        (Fault.before_processing(End.FIN), "fin", 0),
        (Fault.no_answer(End.RESET), "reset", 1),
        (Fault.no_answer(End.FIN), "fin", 1),
    ],
    ids=str,
)
def test_no_answer(server: FaultServer, fault: FaultValue, ends: str, jobs: int) -> None:
    """A connection ends without a byte of an answer, and the job is there only when the fault says so."""
    server.script("create_batch", fault)
    assert (b"", ends) == talk(server, create())
    assert 0 == server.settle()
    assert jobs == len(server.world.jobs)
    assert {} == server.unused()
    assert [fault.name] == [seen.fault for seen in server.world.requests]


@pytest.mark.parametrize("end", [End.RESET, End.FIN])
def test_in_the_headers(server: FaultServer, end: End) -> None:
    """Half a head comes, and then the end."""
    server.script("create_batch", Fault.in_head(end))
    answer, ended = talk(server, create())
    assert end.value == ended
    assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\n\r\n" not in answer
    assert 1 == len(server.world.jobs)


@pytest.mark.parametrize(
    ("fault", "ends", "got"),
    [
        (Fault.in_body(End.RESET, 10), "reset", 10),
        (Fault.in_body(End.FIN, -1), "fin", len(FILE) - 1),
        (Fault.cut_body(), "fin", len(FILE) // 2),
        (Fault.in_body(End.RESET, 0), "reset", 0),
    ],
    ids=str,
)
def test_in_a_body_with_a_length(server: FaultServer, fault: FaultValue, ends: str, got: int) -> None:
    """The length that is told is the whole one, what comes is less, and nothing says that it is the last answer."""
    stored = server.world.add_file(FILE)
    server.script("content", fault)
    answer, ended = talk(server, request("GET", f"/v1/files/{stored.id}/content"))
    head, body = split(answer)
    assert (ends, len(FILE), FILE[:got]) == (ended, length_of(head), body)
    assert LAST not in head


def test_a_chunked_body_is_cut(server: FaultServer) -> None:
    """All data of a chunked body can come without its last chunk."""
    stored = server.world.add_file(FILE)
    server.script("content", Fault.cut_chunked(-5), Fault.healthy().chunked().then(End.CLOSE))
    sent = request("GET", f"/v1/files/{stored.id}/content")
    cut, whole = talk(server, sent)[0], talk(server, sent)[0]
    assert b"Transfer-Encoding: chunked" in cut
    assert b"Content-Length" not in cut
    assert split(whole)[1] == split(cut)[1] + b"0\r\n\r\n"


def test_a_body_without_length_is_cut(server: FaultServer) -> None:
    """Without a length the cut looks like the end."""
    stored = server.world.add_file(FILE)
    server.script("content", Fault.cut_unframed(100))
    answer, ended = talk(server, request("GET", f"/v1/files/{stored.id}/content"))
    head, body = split(answer)
    assert ("fin", FILE[:100]) == (ended, body)
    assert b"Connection: close" in head
    assert b"Content-Length" not in head
    assert b"chunked" not in head


@pytest.mark.parametrize("by", [-7, 7])
def test_a_length_is_off(server: FaultServer, by: int) -> None:
    """All bytes come under a length that is not theirs."""
    stored = server.world.add_file(FILE)
    server.script("content", Fault.wrong_length(by))
    head, body = split(talk(server, request("GET", f"/v1/files/{stored.id}/content"))[0])
    assert (len(FILE) + by, FILE) == (length_of(head), body)


def test_any_byte(server: FaultServer) -> None:
    """An answer can end at any of its bytes."""
    server.script("list_batches", Fault.healthy().then(End.CLOSE), *(Fault.at_byte(End.FIN, at) for at in range(60)))
    sent = request("GET", "/v1/batches")
    whole = talk(server, sent)[0]
    assert [whole[:at] for at in range(60)] == [talk(server, sent)[0] for _ in range(60)]


@pytest.mark.parametrize(
    ("fault", "jobs", "comes"),
    [
        (Fault.before_reading(End.STALL), 0, b""),
        (Fault.in_request(End.STALL), 0, b""),
        (Fault.stall_headers(), 1, b""),
        (Fault.in_head(End.STALL, 5), 1, b"HTTP/"),
        (Fault.stall_body(1), 1, b"{"),
    ],
    ids=str,
)
def test_silence(server: FaultServer, fault: FaultValue, jobs: int, comes: bytes) -> None:
    """What was due comes, then nothing, neither bytes nor an end, until the client goes away."""
    server.script("create_batch", fault)
    with connect(server) as sock:
        sock.sendall(create())
        server.wait_held()
        sock.setblocking(False)
        got = b""
        with contextlib.suppress(BlockingIOError):
            got = sock.recv(65536)
        assert got.endswith(comes)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    assert 0 == server.settle()
    assert jobs == len(server.world.jobs)


def test_a_body_that_is_not_read_stalls_its_sender(server: FaultServer) -> None:
    """A stalled server takes no more than the buffers do, and `settle` ends it all the same."""
    server.script("put", Fault.before_reading(End.STALL))
    with connect(server, "storage") as sock:
        sock.sendall(request("PUT", "/put/file-1", announce=1 << 30, keyed=False))
        server.wait_held()
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            fill(sock, 1 << 30)
    assert 0 == server.settle()
    assert [False] == [seen.complete for seen in server.world.requests]


def test_garbage(server: FaultServer) -> None:
    """Bytes that are no HTTP come in place of an answer, or before any request."""
    server.script("create_batch", Fault.garbage())
    assert (GARBAGE, "fin") == talk(server, create())
    server.script("connect:api", Fault.garbage_on_connect())
    assert (GARBAGE, "fin") == talk(server, b"")
    assert 0 == len(server.world.jobs)


@pytest.mark.parametrize(
    ("fault", "ends"),
    [(Fault.reset_on_connect(), "reset"), (Fault.fin_on_connect(), "fin")],
    ids=str,
)
def test_the_opening_of_a_connection(server: FaultServer, fault: FaultValue, ends: str) -> None:
    """A connection ends as it is opened, and the next is healthy."""
    server.script("connect:storage", fault)
    assert (b"", ends) == talk(server, b"PUT /", "storage")
    assert 200 == httpx.get(f"{server.base_url}/batches", headers={"Authorization": f"Bearer {KEY}"}).status_code
    assert {} == server.unused()


@pytest.mark.parametrize("form", ["seconds", "date", "ms"])
def test_retry_after(server: FaultServer, form: str) -> None:
    """A wait is told in each form, a date by the service's clock."""
    server.world.behaviour.skew_seconds = 120.0
    server.script("create_batch", Fault.retry_after(429, 30, form))
    head = split(talk(server, create().replace(b"Host", b"Connection: close\r\nHost"))[0])[0]
    expected = {
        "seconds": b"Retry-After: 30",
        "date": b"Retry-After: Thu, 28 May 2026 20:29:10 GMT",
        "ms": b"retry-after-ms: 30000",
    }
    assert expected[form] in head
    assert b"Date: Thu, 28 May 2026 20:28:40 GMT" in head


def test_other_answers_over_a_kept_connection(server: FaultServer) -> None:
    """Statuses, HTML, redirects and changed bodies come in the order of the script, each told in what was seen."""
    stored = server.world.add_file(FILE)
    faults = [
        Fault.status(503),
        Fault.status(599, b"teapot", X_Request_Id="r1"),
        Fault.html(200).after_processing(),
        Fault.redirect("foreign"),
        Fault.json("no job", lambda answer: {"warning": "w"}),
        Fault.interim(),
        Fault.fragmented(),
        Fault.without("Content-Type"),
        Fault.headers(Date="nonsense"),
    ]
    server.script("create_batch", *faults)
    with httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        answers = [client.post("/batches", json={"input_file_id": stored.id, "endpoint": "/v1/x"}) for _ in range(10)]
    assert [503, 599, 200, 302, 201, 201, 201, 201, 201, 201] == [answer.status_code for answer in answers]
    assert {"error": "scripted 503", "request_id": "req-scripted"} == answers[0].json()
    assert (b"teapot", "r1") == (answers[1].content, answers[1].headers["x-request-id"])
    assert HTML == answers[2].content
    assert server.origins["foreign"] + "/v1/batches" == answers[3].headers["location"]
    assert {"warning": "w"} == answers[4].json()
    assert "nonsense" == answers[8].headers["date"]
    assert 7 == len(server.world.jobs) == server.world.duplicates() + 1
    assert [*(fault.name for fault in faults), "healthy"] == [seen.fault for seen in server.world.requests]
    assert 1 == len({seen.connection for seen in server.world.requests})


def test_a_kept_connection_is_dropped(server: FaultServer) -> None:
    """An answer that promises more is whole, and then the connection ends."""
    server.script("list_batches", Fault.drop_kept(), Fault.reset_kept())
    for ends in ("fin", "reset"):
        answer, ended = talk(server, request("GET", "/v1/batches"))
        assert (ends, b"[]") == (ended, split(answer)[1])
        assert b"Connection: close" not in answer


def test_an_answer_waits_for_the_next_request(server: FaultServer) -> None:
    """A delayed answer comes after another request, and one that is held when it is released."""
    server.script("list_batches", Fault.delayed(), Fault.healthy().after_release())
    with connect(server) as slow, connect(server) as held:
        slow.sendall(request("GET", "/v1/batches"))
        server.wait_held()
        held.sendall(request("GET", "/v1/batches"))
        assert b"HTTP/1.1 200 OK" == slow.recv(15)
        server.wait_held()
        server.release()
        assert b"HTTP/1.1 200 OK" == held.recv(15)


def test_something_done_amid_a_request(server: FaultServer) -> None:
    """What a fault does comes before the request's effect, and a header can go unheard."""
    stored = server.world.add_file(FILE)

    def changes() -> None:
        stored.data = b"other"

    server.script("content", Fault.ignoring("Range"), Fault.healthy().doing("the file changes", changes))
    headers = {"Authorization": f"Bearer {KEY}", "Range": "bytes=1-2"}
    with httpx.Client(base_url=server.base_url, headers=headers) as client:
        answers = [client.get(f"/files/{stored.id}/content") for _ in range(2)]
    assert [(200, FILE), (206, b"th")] == [(answer.status_code, answer.content) for answer in answers]
    assert ["ignoring Range", "healthy, the file changes"] == [seen.fault for seen in server.world.requests]
    assert {"bytes=1-2"} == {seen.header("range") for seen in server.world.requests}


def test_tls() -> None:
    """Under TLS a whole exchange works, a FIN lacks close_notify, an orderly cut has it, and RST is RST."""
    server_side, client_side = contexts()
    # A cut without close_notify is only told from an orderly end when it is asked about.
    client_side.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    with FaultServer(tls=server_side) as server:
        stored = server.world.add_file(FILE)
        with httpx.Client(base_url=server.base_url, verify=client_side) as client:
            got = client.get(f"/files/{stored.id}/content", headers={"Authorization": f"Bearer {KEY}"})
            assert (FILE, "https") == (got.content, got.url.scheme)

        def ended(*, beneath: bool = False) -> str:
            port = urlsplit(server.base_url).port
            plain = socket.create_connection(("127.0.0.1", port), timeout=10)
            with client_side.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as sock:
                sock.sendall(request("GET", f"/v1/files/{stored.id}/content"))
                try:
                    # Python 3.11's ssl takes RST for an end of file: it is told from FIN only beneath it.
                    return drain(Beneath(sock) if beneath else sock)[1]
                except ssl.SSLError as error:
                    # Some builds of Python have a class for it, all have the reason.
                    if error.reason != "UNEXPECTED_EOF_WHILE_READING" and not isinstance(error, ssl.SSLEOFError):
                        raise
                    return "ragged"

        server.script("content", Fault.in_body(End.FIN), Fault.cut_unframed(5))
        assert ["ragged", "fin"] == [ended(), ended()]
        server.script("content", Fault.in_body(End.RESET), Fault.in_body(End.FIN))
        assert ["reset", "fin"] == [ended(beneath=True), ended(beneath=True)]
        server.script("connect:api", Fault.garbage_on_connect(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        with pytest.raises(ssl.SSLError):
            ended()
        with socket.create_connection(("127.0.0.1", urlsplit(server.base_url).port or 0)):
            server.reset(Behaviour())  # in the midst of a handshake
        assert 0 == server.settle()


def test_silence_from_the_opening(server: FaultServer) -> None:
    """A connection can be open and say nothing, whatever is sent, until the client goes away."""
    server.script("connect:api", Fault.stall_on_connect())
    with connect(server) as sock:
        sock.sendall(create())
        server.wait_held()
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    assert 0 == server.settle()
    assert [] == server.world.requests


def test_an_early_answer(server: FaultServer) -> None:
    """An error can come before the body has, and then the connection ends in order, without RST."""
    stored = server.world.add_file(None)
    server.script("put", Fault.answer_early(413))
    with connect(server, "storage") as sock:
        sock.sendall(request("PUT", f"/put/{stored.id}", b"half", announce=8, keyed=False))
        answer, ended = drain(sock)
    assert ("fin", True) == (ended, answer.startswith(b"HTTP/1.1 413 "))
    assert stored.data is None


def test_a_request_cut_at_a_byte(server: FaultServer) -> None:
    """A request's body is read to the byte that is told."""
    server.script("put", Fault.in_request(End.FIN, 3))
    assert (b"", "fin") == talk(server, request("PUT", "/put/file-1", b"0123456789", keyed=False), "storage")
    assert 0 == server.settle()
    assert [(b"012", False)] == [(seen.body, seen.complete) for seen in server.world.requests]


def test_other_bytes(server: FaultServer) -> None:
    """Other bytes come under the healthy status and a length of their own."""
    stored = server.world.add_file(FILE)
    server.script("content", Fault.body(b"<html>").then(End.CLOSE))
    head, body = split(talk(server, request("GET", f"/v1/files/{stored.id}/content"))[0])
    assert (b"<html>", 6, True) == (body, length_of(head), head.startswith(b"HTTP/1.1 200 OK"))
