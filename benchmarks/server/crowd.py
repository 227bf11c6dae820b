"""The front for many connections at once, and for late answers: asyncio, one callback for each request."""

from __future__ import annotations

import asyncio
import socket

from . import head
from .service import Service


class Connection(asyncio.Protocol):
    """Reads requests with small bodies and answers each, at its time."""

    def __init__(self, service: Service, origin: str) -> None:
        self._service = service
        self._origin = origin
        self._loop = asyncio.get_running_loop()
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._waiting + data if self._waiting else data
        while (end := data.find(head.END)) >= 0:
            asked = head.read(data[: end + 4])
            whole = end + 4 + asked.body_size
            if len(data) < whole:
                break
            data = data[whole:]
            answer = self._service.answer(asked.method, asked.target, self._origin)
            if answer.delay_seconds:
                self._loop.call_later(answer.delay_seconds, self._transport.write, answer.data)
            else:
                self._transport.write(answer.data)
        self._waiting = data


async def listen(service: Service, listener: socket.socket, origin: str) -> asyncio.Server:
    """Serves on a socket that is bound already."""
    return await asyncio.get_running_loop().create_server(lambda: Connection(service, origin), sock=listener)
