"""Connections of our own, in both colours, over real loopback sockets: kept, used again, and given up."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from types import SimpleNamespace
from typing import Any

import anyio.to_thread
import pytest
from attrs import define, field

from together_batches import ConfigurationError
from together_batches._transport import _asyncio, _sockets
from together_batches._transport._asyncio import MOST_BUFFERED_BYTES, AsyncioConnections
from together_batches._transport._http1 import MAX_HEAD_BYTES
from together_batches._transport._message import Origin, Request, TransportError
from together_batches._transport._sockets import KEEPALIVE_SECONDS, Sockets

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@define
class Server:
    """Answers every request alike, and counts the connections it was asked for."""

    answer: bytes = OK
    then: Callable[[socket.socket], bool] = field(default=lambda sock: True)
    connections: int = 0
    requests: int = 0
    port: int = 0
    changed: threading.Condition = field(factory=threading.Condition)

    @property
    def origin(self) -> Origin:
        return Origin("http", "127.0.0.1", self.port)

    def request(self, **more: Any) -> Request:
        return Request("GET", self.origin, "/", {}, 10.0, **more)

    def talk(self, sock: socket.socket) -> None:
        with sock:
            received = b""
            while True:
                while b"\r\n\r\n" not in received:
                    try:
                        data = sock.recv(MAX_HEAD_BYTES)
                    except OSError:
                        data = b""
                    if not data:
                        return
                    received += data
                received = b""
                with self.changed:
                    self.requests += 1
                try:
                    sock.sendall(self.answer)
                    if not self.then(sock):
                        return
                except OSError:  # the client has gone
                    return


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback, each connection in a thread of its own."""
    made = Server()
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made.port = listening.getsockname()[1]
        threads: list[threading.Thread] = []
        open_ones: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                made.connections += 1
                open_ones.append(sock)
                threads.append(threading.Thread(target=made.talk, args=(sock,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
        acceptor.join()
        for sock in open_ones:
            with suppress(OSError):  # its thread may have closed it
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def get(sockets: Sockets, server: Server) -> bytes:
    answer = sockets.send(server.request())
    try:
        return b"".join(answer.chunks())
    finally:
        answer.close()


async def aget(connections: AsyncioConnections, server: Server) -> bytes:
    answer = await connections.send(server.request())
    try:
        return b"".join([chunk async for chunk in answer.chunks()])
    finally:
        await answer.close()


def several(colour: str, server: Server, count: int, between: Callable[[Any], object] = lambda transport: None) -> None:
    """So many requests, one after the other; `between` is given the transport after each."""
    if colour == "blocking":
        sockets = Sockets()
        try:
            for _ in range(count):
                assert b"hi" == get(sockets, server)
                between(sockets)
        finally:
            sockets.close()
        return

    async def main() -> None:
        connections = AsyncioConnections()
        try:
            for _ in range(count):
                assert b"hi" == await aget(connections, server)
                between(connections)
        finally:
            await connections.close()

    asyncio.run(main())


def kept(transport: Any) -> list[Any]:
    return [connection for connections in transport._idle.values() for connection in connections]


def until_it_ended(transport: Any) -> None:
    """Waits until the server's end of the one kept connection has arrived."""
    (connection,) = kept(transport)
    assert connection._poll.poll(10_000)


colours = pytest.mark.parametrize("colour", ["blocking", "async"])
MODULES = {"blocking": _sockets, "async": _asyncio}


@colours
def test_a_connection_is_used_again(colour: str, server: Server) -> None:
    """One for all requests that follow each other."""
    several(colour, server, 3)
    assert (3, 1) == (server.requests, server.connections)


@colours
@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (OK, lambda sock: False),
        (OK + b"HTTP/1.1 408 Too late\r\n\r\n", lambda sock: True),
    ],
    ids=["ended", "said more"],
)
def test_a_connection_that_the_server_ended_is_not(
    colour: str, server: Server, answer: bytes, then: Callable[[socket.socket], bool]
) -> None:
    """Though its answer promised to keep it: a request on it would be lost, and a lost create costs a search."""
    server.answer, server.then = answer, then
    several(colour, server, 3, lambda transport: kept(transport) and until_it_ended(transport))
    assert (3, 3) == (server.requests, server.connections)


@colours
def test_a_connection_that_was_idle_for_long_is_not(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A middlebox may have forgotten it without a word."""
    now = [1000.0]
    monkeypatch.setattr(MODULES[colour], "time", SimpleNamespace(monotonic=lambda: now[0]))
    pauses = iter([KEEPALIVE_SECONDS - 1, KEEPALIVE_SECONDS, 0.0])
    several(colour, server, 3, lambda transport: now.append(now.pop() + next(pauses)))
    assert 2 == server.connections
    assert KEEPALIVE_SECONDS > 30  # the longest pause between two polls


def test_a_connection_of_a_parent_process_is_not(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fork two processes would write to it: one's answer would be the other's."""
    real = os.getpid()
    asked = iter([real] * 2 + [real + 1] * 8)
    monkeypatch.setattr(_sockets.os, "getpid", lambda: next(asked))
    several("blocking", server, 3)
    assert 2 == server.connections


def test_a_connection_of_another_loop_is_not(server: Server) -> None:
    """A client may outlive the loop in which it was used."""
    connections = AsyncioConnections()

    async def use() -> None:
        assert b"hi" == await aget(connections, server)

    asyncio.run(use())
    with warnings.catch_warnings():
        # Nobody but its own loop can close it in order: it is left to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(use())
        asyncio.run(connections.close())
        gc.collect()
    assert 2 == server.connections


@colours
def test_an_answer_that_is_left_half_way_costs_its_connection(colour: str, server: Server) -> None:
    """The rest of it would be read as the next answer."""

    def left(sockets: Sockets) -> None:
        sockets.send(server.request()).close()

    async def aleft(connections: AsyncioConnections) -> None:
        await (await connections.send(server.request())).close()

    if colour == "blocking":
        sockets = Sockets()
        left(sockets)
        assert (b"hi", 2) == (get(sockets, server), server.connections)
        sockets.close()
        return

    async def main() -> None:
        connections = AsyncioConnections()
        await aleft(connections)
        assert (b"hi", 2) == (await aget(connections, server), server.connections)
        await connections.close()

    asyncio.run(main())


@colours
def test_not_more_are_kept_than_a_few(colour: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one used longest ago is closed."""
    monkeypatch.setattr(MODULES[colour], "MOST_KEPT", 2)
    if colour == "blocking":
        sockets = Sockets()
        answers = [sockets.send(server.request()) for _ in range(3)]
        for answer in answers:
            assert b"hi" == b"".join(answer.chunks())
            answer.close()
        assert [answer._connection for answer in answers[1:]] == kept(sockets)
        sockets.close()
        return

    async def main() -> None:
        connections = AsyncioConnections()
        answers = [await connections.send(server.request()) for _ in range(3)]
        for answer in answers:
            assert b"hi" == b"".join([chunk async for chunk in answer.chunks()])
            await answer.close()
        assert [answer._connection for answer in answers[1:]] == kept(connections)
        await connections.close()

    asyncio.run(main())


@colours
def test_what_is_in_use_when_the_client_is_closed_is_closed_after_it(colour: str, server: Server) -> None:
    """The answer is read to its end, and the connection not kept."""
    if colour == "blocking":
        sockets = Sockets()
        answer = sockets.send(server.request())
        sockets.close()
        assert b"hi" == b"".join(answer.chunks())
        answer.close()
        assert [] == kept(sockets)
        with pytest.raises(ConfigurationError, match="closed"):
            sockets.send(server.request())
        return

    async def main() -> None:
        connections = AsyncioConnections()
        answer = await connections.send(server.request())
        await connections.close()
        assert b"hi" == b"".join([chunk async for chunk in answer.chunks()])
        await answer.close()
        assert [] == kept(connections)
        with pytest.raises(ConfigurationError, match="closed"):
            await connections.send(server.request())
        await asyncio.sleep(0)

    asyncio.run(main())


def test_a_server_is_made_to_wait_while_nobody_reads(server: Server) -> None:
    """Memory holds a bounded part of an answer, and all of it arrives once it is read."""
    size = 40 * MOST_BUFFERED_BYTES
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    async def main() -> None:
        connections = AsyncioConnections()
        answer = await connections.send(server.request())
        connection = answer._connection
        while connection._buffered <= MOST_BUFFERED_BYTES:
            await asyncio.sleep(0)
        # The loop turns on: what may come has come, and it is not more.
        for _ in range(100):
            await asyncio.sleep(0)
        assert connection._buffered <= MOST_BUFFERED_BYTES + _asyncio.RECEIVE_BYTES
        assert size == sum([len(chunk) async for chunk in answer.chunks()])
        await answer.close()
        await connections.close()

    asyncio.run(main())


def test_threads_have_connections_of_their_own(server: Server) -> None:
    """As many as there are requests at a time, and they are used again by whoever comes next."""
    sockets, together = Sockets(), threading.Barrier(4)

    def use() -> None:
        for _ in range(5):
            together.wait(10)
            assert b"hi" == get(sockets, server)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 20 == server.requests
    assert server.connections <= 4
    sockets.close()


@colours
@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_name_that_is_none_was_never_sent_to(colour: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its failure says so."""

    def unknown(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    request = Request("GET", Origin("http", "nowhere.test", 80), "/", {}, 10.0)

    async def main() -> None:
        await AsyncioConnections().send(request)

    with pytest.raises(TransportError, match=str(error.args[-1])) as caught:
        Sockets().send(request) if colour == "blocking" else asyncio.run(main())
    assert (False, False) == (caught.value.sent, caught.value.timed_out)


@colours
def test_a_head_that_never_ends_is_given_up(colour: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trickle that keeps within the silence is bounded as a whole, to five times the timeout."""
    server.answer = b"HTTP/1.1 200 OK\r\nA: "
    server.then = lambda sock: sock.sendall(b"b") is None and sock.recv(1) != b""
    seconds = count(step=30)
    monkeypatch.setattr(MODULES[colour], "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))

    with pytest.raises(TransportError, match="the head of the answer was not complete after 50 s") as caught:
        several(colour, server, 1)
    assert (True, True) == (caught.value.sent, caught.value.timed_out)


@colours
def test_an_encoded_body_that_is_broken_is_no_answer(colour: str, server: Server) -> None:
    """Like any other that is cut."""
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngzip"
    with pytest.raises(TransportError, match=r"decompress|gzip|header"):
        several(colour, server, 1)


@pytest.mark.anyio
async def test_cancelling_a_wait_ends_its_connection(server: Server) -> None:
    """And the next request gets another."""
    server.answer = b"HTTP/1.1 200 OK\r\n"
    connections = AsyncioConnections()
    task = asyncio.create_task(aget(connections, server))

    def asked() -> bool:
        return server.requests == 1

    while not asked():
        await anyio.to_thread.run_sync(lambda: None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.answer = OK
    assert (b"hi", 2) == (await aget(connections, server), server.connections)
    await connections.close()
