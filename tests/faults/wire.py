"""One accepted connection: reading requests from it, and ending it in any way a connection can end."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

from faults.message import Headers, header

_PIECE = 256 * 1024
# macOS and others have no POLLRDHUP: there anything that comes counts, and nothing should while an answer is awaited.
_GONE = getattr(select, "POLLRDHUP", select.POLLIN)


class Gone(Exception):
    """The client went away, or the server is closing."""


class Wire:
    """A connection; each method raises `Gone` when the other side is no longer there."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._interrupted = False
        self._waker: socket.socket | None = None
        self._wakee: socket.socket | None = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handshake(self, context: ssl.SSLContext) -> None:
        try:
            # In two steps, so that `interrupt` reaches the socket during the handshake, and by the flag before it.
            tls = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = tls
            if self._interrupted:
                raise Gone
            tls.do_handshake()
        except OSError as error:
            raise Gone from error

    # Reading.

    def head(self) -> tuple[str, str, Headers] | None:
        """The next request's method, target and headers; None where the client ended the connection."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self._receive():
                return None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        method, target, *_ = [*lines[0].split(" "), ""]
        pairs = (line.partition(":") for line in lines[1:])
        return method, target, tuple((name, value.strip()) for name, _, value in pairs)

    def body(self, headers: Headers, into: bytearray, limit: int | None = None) -> bool:
        """Read a request's body, at most `limit` bytes of it, into a buffer; whether all that was announced came."""
        if "chunked" in (header(headers, "Transfer-Encoding") or "").lower():
            return self._chunks(into, limit)
        announced = int(header(headers, "Content-Length") or 0)
        wanted = announced if limit is None else min(limit, announced)
        return self._take(wanted, into) and wanted == announced

    def _chunks(self, into: bytearray, limit: int | None) -> bool:
        while limit is None or len(into) < limit:
            while (end := self._buffer.find(b"\r\n")) < 0:
                if not self._receive():
                    return False
            size = int(bytes(self._buffer[:end]).split(b";")[0], 16)
            del self._buffer[: end + 2]
            if not self._take(size, into) or not self._take(2, bytearray()):
                return False
            if size == 0:
                return True
        return False

    def _take(self, count: int, into: bytearray) -> bool:
        while count:
            if not self._buffer and not self._receive():
                return False
            piece = self._buffer[:count]
            del self._buffer[: len(piece)]
            into += piece
            count -= len(piece)
        return True

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(_PIECE)
        except (OSError, ValueError):
            return False
        self._buffer += data
        return bool(data)

    def pending(self) -> bool:
        """Whether the client has sent something, or its end, that is not read yet."""
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLIN | _GONE)
        except ValueError:  # closed meanwhile
            return True
        return bool(self._buffer) or bool(poll.poll(0))

    # Writing.

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise Gone from error

    def send_plain(self, data: bytes) -> None:
        """Send beneath TLS, where there is any."""
        try:
            socket.socket.sendall(self._socket, data)
        except OSError as error:
            raise Gone from error

    # Waiting.

    def readable(self) -> None:
        """Wait for the client to send something, or to end; nothing is read."""
        if not self._buffer:
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            poll.poll()

    def wait(self) -> None:
        """Wait for `wake`, or raise `Gone` when the client goes away first."""
        poll = select.poll()
        if self._wakee is not None:
            poll.register(self._wakee, select.POLLIN)
        poll.register(self._socket, _GONE)
        ready = {descriptor for descriptor, _ in poll.poll()}
        if self._socket.fileno() in ready:
            raise Gone

    def wakeable(self) -> None:
        """Be ready for `wake` from now on."""
        if self._waker is None:
            self._waker, self._wakee = socket.socketpair()

    def wake(self) -> None:
        """End a wait, from any thread; the caller sees to it that the connection is not being closed."""
        if self._waker is not None:
            self._waker.send(b"x")

    def interrupt(self) -> None:
        """Make every blocked call return, from any thread; the caller sees to it as for `wake`."""
        self._interrupted = True
        with contextlib.suppress(OSError):
            # The method of TLS sockets would forget its TLS under the feet of the thread that reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    # Ending.

    def reset(self) -> None:
        """Have the close send RST."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def finish(self, *, orderly: bool) -> None:
        """Send FIN, after close_notify when orderly; `drain` next, so that no RST follows."""
        with contextlib.suppress(OSError, ValueError):
            if orderly and isinstance(self._socket, ssl.SSLSocket):
                self._socket.settimeout(0)
                with contextlib.suppress(OSError, ValueError):
                    self._socket.unwrap()  # without waiting for the client's own
                self._socket.settimeout(None)
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def drain(self) -> None:
        """Read on to the client's end."""
        with contextlib.suppress(OSError, ValueError):
            while socket.socket.recv(self._socket, _PIECE):
                pass

    def close(self) -> None:
        for sock in (self._socket, self._waker, self._wakee):
            if sock is not None:
                sock.close()
