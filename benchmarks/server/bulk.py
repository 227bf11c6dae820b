"""The front for files: a thread for each connection, the kernel's own copying where there is no TLS."""

from __future__ import annotations

import mmap
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from . import head
from .service import Service
from .skim import skim

BUFFER_BYTES = 1024 * 1024
# What is larger than this and comes over TLS is not decrypted.
SKIMMED_BYTES = 1024 * 1024


def listen(service: Service, listener: socket.socket, origin: str, tls: ssl.SSLContext | None = None) -> None:
    """Serves on a socket that is bound already, in threads that end with the process."""
    listener.listen(128)
    threading.Thread(target=_accept, args=(service, listener, origin, tls), daemon=True).start()


def _accept(service: Service, listener: socket.socket, origin: str, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):  # closed
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(service, connection, origin, tls), daemon=True).start()


def _serve(service: Service, connection: socket.socket, origin: str, tls: ssl.SSLContext | None) -> None:
    # A client that goes away in the middle is its own business.
    with suppress(OSError, ValueError), connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        buffer = bytearray(BUFFER_BYTES)
        with connection:
            while _one(service, connection, origin, buffer):
                pass


def _one(service: Service, connection: socket.socket, origin: str, buffer: bytearray) -> bool:
    """Answers one request; false when there is none any more."""
    view = memoryview(buffer)
    size = 0
    while (end := buffer.find(head.END, 0, size)) < 0:
        got = connection.recv_into(view[size:])
        if not got:
            return False
        size += got
    asked = head.read(bytes(view[: end + 4]))
    if asked.expects:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    left = asked.body_size - (size - end - 4)
    if isinstance(connection, ssl.SSLSocket) and left > SKIMMED_BYTES:
        if not skim(connection, left, buffer):
            return False
        answer = service.answer(asked.method, asked.target, origin, asked.body_size)
        connection.sendall(answer.data.replace(b"keep-alive", b"close"))
        return False
    while left > 0:
        if not (got := connection.recv_into(view[: min(left, BUFFER_BYTES)])):
            return False
        left -= got
    answer = service.answer(asked.method, asked.target, origin, asked.body_size)
    connection.sendall(answer.data)
    if answer.content is not None:
        _send(connection, answer.content)
    return True


def _send(connection: socket.socket, path: Path) -> None:
    with path.open("rb") as file:
        if not isinstance(connection, ssl.SSLSocket):
            connection.sendfile(file)
        elif path.stat().st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                for start in range(0, len(view), BUFFER_BYTES):
                    with view[start : start + BUFFER_BYTES] as block:
                        connection.sendall(block)
