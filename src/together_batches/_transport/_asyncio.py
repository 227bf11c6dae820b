"""Connections of our own for asyncio, as those of `_sockets`: opened when there is none, kept, used again.

A free list in place of a pool with a queue, and one future a wait: with 64 calls in flight this takes a seventh of
the time of httpx's pool.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

from .._errors import ConfigurationError
from ._http1 import Incoming, encoded
from ._message import ANSWER_TIMEOUTS, CLOSED, Origin, Request, Tls, TransportError, too_slow
from ._sockets import KEEPALIVE_SECONDS, MOST_KEPT, SEND_BYTES
from ._tls import context

# One receive.
RECEIVE_BYTES = 128 * 1024
# What may wait to be read before the server is made to wait.
MOST_BUFFERED_BYTES = 1024 * 1024
# As RFC 8305 has it: the next address of a host is tried when the one before has not answered so long.
HAPPY_EYEBALLS_SECONDS = 0.25


class AsyncioConnections:
    """The connections of one client; `tls` gives the settings for those that need it, when one does."""

    def __init__(self, tls: Tls = context) -> None:
        self._tls = tls
        self._idle: dict[Origin, list[_Connection]] = {}
        self._closed = False

    async def send(self, request: Request) -> _Answer:
        """As `AsyncTransport.send`."""
        head = encoded(request)
        connection = self._kept(request.origin) or await _opened(request.origin, self._tls, request.timeout)
        try:
            incoming = await connection.exchange(head, request)
        except BaseException:
            connection.close()
            raise
        return _Answer(self, connection, incoming, request.timeout)

    async def close(self) -> None:
        """Closes what is idle; what is in use is closed when its answer is."""
        self._closed = True
        idle, self._idle = self._idle, {}
        for connection in (connection for kept in idle.values() for connection in kept):
            connection.close()
        # A transport closes at the next turn of the loop.
        await asyncio.sleep(0)

    def _kept(self, origin: Origin) -> _Connection | None:
        """A connection that is still good, the one used last first."""
        if self._closed:
            raise ConfigurationError(CLOSED)
        kept = self._idle.get(origin)
        while kept:
            connection = kept.pop()
            if connection.is_good():
                return connection
            connection.close()
        return None

    def keep(self, connection: _Connection) -> None:
        """Takes back a connection whose answer is read."""
        if not self._closed:
            kept = self._idle.setdefault(connection.origin, [])
            connection.idle_since = time.monotonic()
            kept.append(connection)
            # The one used longest ago goes when there are too many, or it is too old.
            if len(kept) <= MOST_KEPT and connection.idle_since - kept[0].idle_since < KEEPALIVE_SECONDS:
                return
            connection = kept.pop(0)
        connection.close()


class _Connection(asyncio.BufferedProtocol):
    """A connection to one origin, used for one request at a time."""

    def __init__(self, origin: Origin, loop: asyncio.AbstractEventLoop) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self._received: list[bytes] = []
        self._buffered = 0
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: the transports of other event loops are alike, but no subclasses.
        self._transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:
        # One's own for all that comes: the loop would take a fresh quarter of a megabyte for each receive, whose pages
        # cost half of the time of a download.
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._received.append(bytes(self._buffer[:nbytes]))
        self._buffered += nbytes
        if self._buffered > MOST_BUFFERED_BYTES and self._transport is not None:
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = self._error or exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # What is asked of it.

    def is_good(self) -> bool:
        """Whether a request may be sent: not idle for too long, not ended by the server, nothing unasked said."""
        return (
            not self._ended
            and not self._received
            and self._loop is asyncio.get_running_loop()
            and time.monotonic() - self.idle_since < KEEPALIVE_SECONDS
            and not self._poll.poll(0)
        )

    async def exchange(self, head: bytes, request: Request) -> Incoming:
        """Sends a request and receives the head of its answer."""
        failed = await self._send(head, request)
        incoming = Incoming()
        seconds = request.timeout * ANSWER_TIMEOUTS
        end = time.monotonic() + seconds
        try:
            while not incoming.head():
                if time.monotonic() > end:
                    raise too_slow("head of the answer", seconds)
                incoming.receive(await self.receive(request.timeout))
        except TransportError:
            # Where the request could not be sent, and no answer says why, that is what went wrong.
            if failed is not None:
                raise failed from failed.__cause__
            raise
        if failed is not None:
            incoming.drop()
        return incoming

    async def _send(self, head: bytes, request: Request) -> TransportError | None:
        """Sends a request; where the server stops reading, it may have answered already: that is looked at next."""
        self._write(head)
        if request.body is not None and not isinstance(request.body, bytes):
            # Reads of the local disk are short, and so not worth a thread each.
            for chunk in request.body:
                view = memoryview(chunk)
                while view:
                    if self._full and not self._ended:
                        self._writer = self._loop.create_future()
                        await self._wait(self._writer, request.timeout, "the request could not be sent in time")
                    if self._ended:
                        return self._failure("the connection ended while the request was sent")
                    self._write(view[:SEND_BYTES])
                    view = view[SEND_BYTES:]
        return None

    def _write(self, data: bytes | memoryview) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def receive(self, timeout: float) -> bytes:
        """What comes next; nothing at the end. Raises TransportError."""
        if not self._received and not self._ended:
            self._reader = self._loop.create_future()
            await self._wait(self._reader, timeout, f"no answer for {timeout:g} s")
        if self._received:
            data = self._received[0] if len(self._received) == 1 else b"".join(self._received)
            self._received.clear()
            if self._buffered > MOST_BUFFERED_BYTES and self._transport is not None and not self._ended:
                self._transport.resume_reading()
            self._buffered = 0
            return data
        if self._error is not None:
            raise self._failure("the connection was lost")
        return b""

    def _failure(self, words: str) -> TransportError:
        error = TransportError(str(self._error or words))
        error.__cause__ = self._error
        return error

    async def _wait(self, waiter: asyncio.Future[None], timeout: float, words: str) -> None:
        # A timer of one's own takes a third of the time of asyncio.timeout().
        timer = self._loop.call_later(timeout, _expire, waiter, words)
        try:
            await waiter
        finally:
            timer.cancel()

    def close(self) -> None:
        """Ends the connection at once: nothing that is still to be sent is worth waiting for."""
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()


class _Answer:
    """As `AsyncAnswer`."""

    def __init__(
        self, connections: AsyncioConnections, connection: _Connection, incoming: Incoming, timeout: float
    ) -> None:
        self.status = incoming.status
        self.headers: Mapping[str, str] = incoming.headers
        self._connections = connections
        self._connection = connection
        self._incoming = incoming
        self._timeout = timeout

    def chunks(self) -> AsyncIterator[bytes]:
        if "content-encoding" not in self.headers:
            return self._chunks()
        # Costs the import of httpx, and is hardly ever needed: nothing asks for an encoding.
        from ._coding import adecoded

        return adecoded(self._chunks(), self.headers)

    async def _chunks(self) -> AsyncIterator[bytes]:
        incoming, connection = self._incoming, self._connection
        while (chunk := incoming.chunk()) != b"":
            if chunk is None:
                incoming.receive(await connection.receive(self._timeout))
            else:
                yield chunk

    async def close(self) -> None:
        if self._incoming.reusable:
            self._connections.keep(self._connection)
        else:
            self._connection.close()


async def _opened(origin: Origin, tls: Tls, timeout: float) -> _Connection:
    """A new connection. Raises TransportError, nothing sent."""
    is_secure = origin.scheme == "https"
    loop = asyncio.get_running_loop()
    # Not where there is but one address: a race that is cancelled leaves its socket to the collector.
    # Not on loops of another make either, which know of no race.
    races = isinstance(loop, asyncio.BaseEventLoop) and not _is_address(origin.host)
    race: dict[str, Any] = {"happy_eyeballs_delay": HAPPY_EYEBALLS_SECONDS} if races else {}
    try:
        async with asyncio.timeout(timeout):
            _, connection = await loop.create_connection(
                lambda: _Connection(origin, loop),
                origin.host,
                origin.port,
                ssl=tls() if is_secure else None,
                server_hostname=origin.host if is_secure else None,
                **race,
            )
            return connection
    except TimeoutError:
        raise TransportError(f"no connection within {timeout:g} s", sent=False, timed_out=True) from None
    except (OSError, UnicodeError) as error:
        raise TransportError(str(error) or type(error).__name__, sent=False) from error


def _is_address(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return False
    return True


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _expire(waiter: asyncio.Future[None], words: str) -> None:
    if not waiter.done():
        waiter.set_exception(TransportError(words, timed_out=True))
