"""Blocking connections of our own: opened when there is none, kept while the server keeps them, used again."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping

from .._errors import ConfigurationError
from ._http1 import Incoming, encoded
from ._message import ANSWER_TIMEOUTS, CLOSED, Origin, Request, Tls, TransportError, too_slow
from ._tls import context

# Polls are up to 30 s apart: a connection must outlive the pause between two of them.
KEEPALIVE_SECONDS = 60.0
# More than this of one origin are not kept: that many threads at once are rare.
MOST_KEPT = 64
# One receive: larger ones cost fresh pages each time, smaller ones more calls.
RECEIVE_BYTES = 128 * 1024
# How much of a large body is gathered before it is passed on, and how long: TLS gives 16 KB at a time, and to write
# each to a file takes longer than to gather some. What comes slowly is passed on as it comes.
GATHER_BYTES = 512 * 1024
GATHER_SECONDS = 0.02
# A send is waited for as a whole under TLS: a slow line must be able to take it within the timeout.
SEND_BYTES = 128 * 1024


class Sockets:
    """The connections of one client; `tls` gives the settings for those that need it, when one does."""

    def __init__(self, tls: Tls = context) -> None:
        self._tls = tls
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[_Connection]] = {}
        self._process = os.getpid()
        self._closed = False

    def send(self, request: Request) -> _Answer:
        """As `Transport.send`."""
        head = encoded(request)
        connection = self._kept(request.origin) or _opened(request.origin, self._tls, request.timeout)
        try:
            incoming = connection.exchange(head, request)
        except BaseException:
            connection.close()
            raise
        return _Answer(self, connection, incoming)

    def close(self) -> None:
        """Closes what is idle; what is in use is closed when its answer is."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, {}
        for connection in (connection for kept in idle.values() for connection in kept):
            connection.close()

    def _kept(self, origin: Origin) -> _Connection | None:
        """A connection that is still good, the one used last first."""
        while True:
            with self._lock:
                if self._closed:
                    raise ConfigurationError(CLOSED)
                if self._process != os.getpid():
                    # After a fork both processes would write to the same connections.
                    self._idle, self._process = {}, os.getpid()
                kept = self._idle.get(origin)
                if not kept:
                    return None
                connection = kept.pop()
            if connection.is_good():
                return connection
            connection.close()

    def keep(self, connection: _Connection) -> None:
        """Takes back a connection whose answer is read."""
        with self._lock:
            kept = self._idle.setdefault(connection.origin, [])
            if not self._closed and self._process == os.getpid():
                connection.idle_since = time.monotonic()
                kept.append(connection)
                # The one used longest ago goes when there are too many, or it is too old.
                if len(kept) <= MOST_KEPT and connection.idle_since - kept[0].idle_since < KEEPALIVE_SECONDS:
                    return
                connection = kept.pop(0)
        connection.close()


class _Connection:
    """A connection to one origin, used for one request at a time."""

    def __init__(self, origin: Origin, sock: socket.socket, timeout: float) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self._socket = sock
        self._timeout = timeout
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def is_good(self) -> bool:
        """Whether a request may be sent: not idle for too long, not ended by the server, nothing unasked said."""
        return time.monotonic() - self.idle_since < KEEPALIVE_SECONDS and not self._poll.poll(0)

    def exchange(self, head: bytes, request: Request) -> Incoming:
        """Sends a request and receives the head of its answer."""
        if self._timeout != request.timeout:
            self._timeout = request.timeout
            self._socket.settimeout(request.timeout)
        failed = self._send(head, request)
        incoming = Incoming()
        seconds = request.timeout * ANSWER_TIMEOUTS
        end = time.monotonic() + seconds
        try:
            while not incoming.head():
                if time.monotonic() > end:
                    raise too_slow("head of the answer", seconds)
                incoming.receive(self.receive(incoming.wanted))
        except TransportError:
            # Where the request could not be sent, and no answer says why, that is what went wrong.
            if failed is not None:
                raise failed from failed.__cause__
            raise
        if failed is not None:
            incoming.drop()
        return incoming

    def _send(self, head: bytes, request: Request) -> TransportError | None:
        """Sends a request; where the server stops reading, it may have answered already: that is looked at next."""
        try:
            self._send_all(head)
            if request.body is not None and not isinstance(request.body, bytes):
                for view in request.body.views():
                    self._send_all(view)
        except TimeoutError:
            raise TransportError("the request could not be sent in time", timed_out=True) from None
        except OSError as error:
            failed = TransportError(_words(error))
            failed.__cause__ = error
            return failed
        return None

    def _send_all(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        # Piece by piece, so that the timeout is one of silence: sendall() would bound the whole.
        most = SEND_BYTES if self.origin.scheme == "https" else len(view)
        while view:
            view = view[self._socket.send(view[:most]) :]

    def receive(self, wanted: int) -> bytes:
        """What comes next; nothing at the end. Raises TransportError."""
        try:
            return self._socket.recv(RECEIVE_BYTES if wanted > RECEIVE_BYTES else max(wanted, 16 * 1024))
        except TimeoutError:
            raise TransportError(f"no answer for {self._timeout:g} s", timed_out=True) from None
        except OSError as error:
            raise TransportError(_words(error)) from error

    def fill(self, view: memoryview) -> tuple[memoryview, TransportError | None]:
        """The part of `view` that what comes next filled, in a moment, and what went wrong then, if anything."""
        filled = 0
        until = time.monotonic() + GATHER_SECONDS
        try:
            while filled < len(view) and (received := self._socket.recv_into(view[filled:])):
                filled += received
                if time.monotonic() > until:
                    break
        except TimeoutError:
            return view[:filled], TransportError(f"no answer for {self._timeout:g} s", timed_out=True)
        except OSError as error:
            failed = TransportError(_words(error))
            failed.__cause__ = error
            return view[:filled], failed
        return view[:filled], None

    def close(self) -> None:
        self._socket.close()


class _Answer:
    """As `Answer`."""

    def __init__(self, sockets: Sockets, connection: _Connection, incoming: Incoming) -> None:
        self.status = incoming.status
        self.headers: Mapping[str, str] = incoming.headers
        self._sockets = sockets
        self._connection = connection
        self._incoming = incoming

    def chunks(self) -> Iterator[bytes | memoryview]:
        if "content-encoding" not in self.headers:
            return self._chunks()
        # Costs the import of httpx, and is hardly ever needed: nothing asks for an encoding.
        from ._coding import decoded

        return decoded(self._chunks(), self.headers)

    def _chunks(self) -> Iterator[bytes | memoryview]:
        incoming, connection = self._incoming, self._connection
        # One for all of a large body: a fresh one each time costs a third of a download in new pages.
        buffer: memoryview | None = None
        while (chunk := incoming.chunk()) != b"":
            if chunk is not None:
                yield chunk
            elif incoming.wanted < RECEIVE_BYTES or not incoming.is_plain:
                incoming.receive(connection.receive(incoming.wanted))
            else:
                buffer = buffer or memoryview(bytearray(GATHER_BYTES))
                view, failed = connection.fill(buffer[: incoming.wanted])
                incoming.passed(len(view))
                if view:
                    yield view
                if failed is not None:
                    raise failed

    def close(self) -> None:
        if self._incoming.reusable:
            self._sockets.keep(self._connection)
        else:
            self._connection.close()


def _opened(origin: Origin, tls: Tls, timeout: float) -> _Connection:
    """A new connection. Raises TransportError, nothing sent."""
    try:
        sock = socket.create_connection((origin.host, origin.port), timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.scheme == "https":
                # A cut without TLS's own word of an end is a cut, not an end.
                sock = tls().wrap_socket(sock, server_hostname=origin.host, suppress_ragged_eofs=False)
            return _Connection(origin, sock, timeout)
        except BaseException:
            sock.close()
            raise
    except TimeoutError:
        raise TransportError(f"no connection within {timeout:g} s", sent=False, timed_out=True) from None
    except (OSError, UnicodeError) as error:
        raise TransportError(_words(error), sent=False) from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
