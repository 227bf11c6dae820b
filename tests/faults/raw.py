"""A client without manners: it sends bytes, and tells what came back and how it ended."""

from __future__ import annotations

import socket
from typing import Protocol
from urllib.parse import urlsplit

from faults.server import FaultServer
from faults.world import KEY


def request(method: str, target: str, body: bytes = b"", *, announce: int | None = None, keyed: bool = True) -> bytes:
    """A request as bytes; `announce` is the length it tells in place of its own."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: here",
        f"Content-Length: {len(body) if announce is None else announce}",
    ]
    if keyed:
        lines.append(f"Authorization: Bearer {KEY}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def create(file_id: str = "file-0001") -> bytes:
    """A request that makes a job."""
    body = f'{{"input_file_id": "{file_id}", "endpoint": "/v1/chat/completions", "completion_window": "24h"}}'
    return request("POST", "/v1/batches", body.encode())


def connect(server: FaultServer, origin: str = "api") -> socket.socket:
    port = urlsplit(server.origins[origin]).port
    return socket.create_connection(("127.0.0.1", port), timeout=10)


class Receives(Protocol):
    """A socket, as far as `drain` goes."""

    def recv(self, size: int, /) -> bytes: ...


def drain(sock: Receives) -> tuple[bytes, str]:
    """All that comes, and whether it ended by `fin` or `reset`."""
    got = bytearray()
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        return bytes(got), "reset"
    return bytes(got), "fin"


def talk(server: FaultServer, sent: bytes, origin: str = "api") -> tuple[bytes, str]:
    """One connection from its opening to the end that the server makes."""
    with connect(server, origin) as sock:
        was_reset = False
        try:
            sock.sendall(sent)
        except ConnectionResetError:  # told once only: what comes after looks like FIN
            was_reset = True
        except BrokenPipeError:
            pass
        got, ended = drain(sock)
        return got, "reset" if was_reset else ended
