"""The scripted server: two origins on real sockets that play one vector's exchanges, in order, and note what breaks."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from parity.comparing import Request, complaints, is_same_place

# What a client gets for a request that no exchange expects: nobody tries again after a 400.
UNEXPECTED_BODY = b'{"error": "parity: not in the script"}'
UNEXPECTED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(UNEXPECTED_BODY),
    UNEXPECTED_BODY,
)
MAX_BYTES = 64 * 1024 * 1024


@dataclass
class Stage:
    """One vector's exchanges, played once. `problems` says what a client did otherwise, in plain words."""

    exchanges: list[dict[str, Any]]
    key: str
    problems: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._place = 0
        self._ended: float | None = None
        self._sockets = {name: _bound() for name in ("api", "storage")}
        self._servers: list[asyncio.Server] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def origins(self) -> dict[str, str]:
        """The two origins, as absolute URLs without a path."""
        return {name: f"http://127.0.0.1:{sock.getsockname()[1]}" for name, sock in self._sockets.items()}

    async def open(self) -> None:
        """Listens, unless the script begins with a refusal: then after its time, or never where nothing follows."""
        for name in self._sockets:
            first = self.exchanges[0] if self.exchanges else {}
            refusal = first.get("reply", {})
            if refusal.get("fault") == "refuse" and first.get("origin", "api") == name:
                self._place = 1
                if len(self.exchanges) > 1:
                    self._spawn(self._open_later(name, refusal.get("delay", 0.2)))
            else:
                await self._listen(name)

    async def close(self) -> None:
        """Ends every connection; tells what was expected and never came."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        for sock in self._sockets.values():
            sock.close()
        for exchange in self.exchanges[self._place :]:
            if not exchange.get("optional"):
                expect = exchange["expect"]
                self.problems.append(f"never sent: {expect['method']} {expect['target']}")

    async def _open_later(self, name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen(name)

    async def _listen(self, name: str) -> None:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            self._spawn(self._connection(name, reader, writer))

        self._servers.append(await asyncio.start_server(serve, sock=self._sockets[name], limit=MAX_BYTES))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, origin: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._exchange(origin, reader, writer):
                pass
        writer.close()

    async def _exchange(self, origin: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Plays one exchange; whether the connection lives on."""
        request = await _head(origin, reader)
        arrived = asyncio.get_running_loop().time()
        if request is None:
            self.problems.append(f"not HTTP/1.1, at {origin}")
            return False
        exchange = self._next(request)
        reply = exchange["reply"] if exchange else {}
        if reply.get("fault") == "reset_head":
            assert exchange is not None
            self._judge(exchange, request, arrived)
            _reset(writer)
            self._end()
            return False
        if request.headers.get("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = await _body(request, reader)
        self._judge(exchange, request, arrived)
        if exchange is None:
            writer.write(UNEXPECTED)
            await writer.drain()
            return False
        if "delay" in reply:
            await asyncio.sleep(reply["delay"])
        try:
            return await _play(reply, writer, reader)
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = asyncio.get_running_loop().time()

    def _next(self, request: Request) -> dict[str, Any] | None:
        """The exchange that a request belongs to: the next one, or one that follows what is optional."""
        while self._place < len(self.exchanges):
            exchange = self.exchanges[self._place]
            self._place += 1
            if not exchange.get("optional") or is_same_place(exchange, request):
                return exchange
        return None

    def _judge(self, exchange: dict[str, Any] | None, request: Request, arrived: float) -> None:
        self.seen.append(f"{request.origin} {request.method} {request.target}")
        if exchange is None:
            self.problems.append(f"one request too many: {request.method} {request.target} at {request.origin}")
        else:
            gap = None if self._ended is None else arrived - self._ended
            self.problems += complaints(exchange, request, gap)
        # Whatever a vector says: the key belongs to the API alone.
        if request.origin == "storage" and self.key in request.everything():
            self.problems.append(f"the key was sent to storage: {request.method} {request.target}")


def _bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


async def _head(origin: str, reader: asyncio.StreamReader) -> Request | None:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    if start.count(" ") != 2 or not start.endswith(" HTTP/1.1"):
        return None
    method, target, _ = start.split(" ")
    pairs = [line.partition(":") for line in lines]
    headers: dict[str, str] = {}
    for name, _, value in pairs:
        # Twice the same header is one with both values, as RFC 9110 says.
        headers[name.lower()] = ", ".join(filter(None, (headers.get(name.lower()), value.strip())))
    return Request(origin, method, target, headers)


async def _body(request: Request, reader: asyncio.StreamReader) -> bytes:
    if "chunked" in request.headers.get("transfer-encoding", ""):
        chunks: list[bytes] = []
        while size := int((await reader.readline()).partition(b";")[0], 16):
            chunks.append(await reader.readexactly(size))
            await reader.readline()
        while (await reader.readline()).strip():
            pass
        return b"".join(chunks)
    return await reader.readexactly(int(request.headers.get("content-length", "0")))


async def _play(reply: Mapping[str, Any], writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> bool:
    """Sends a reply, or as much of it as its fault allows; whether the connection lives on."""
    fault = reply.get("fault")
    if "status" not in reply:
        return await _fail(fault, writer, reader)
    body = _content(reply)
    headers = {name.lower(): value for name, value in reply.get("headers", {}).items()}
    if "json" in reply:
        headers.setdefault("content-type", "application/json")
    framing = reply.get("framing", "length")
    if framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif framing == "close":
        headers["connection"] = "close"
    elif reply["status"] not in {204, 304}:
        headers.setdefault("content-length", str(len(body)))
    status = reply["status"]
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    head = f"HTTP/1.1 {status} {phrase}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    part = body[: reply["after_bytes"]] if fault else body
    if framing == "chunked":
        part = (b"%x\r\n%s\r\n" % (len(part), part) if part else b"") + (b"" if fault else b"0\r\n\r\n")
    # In one write: a second one can be held back until the first is acknowledged.
    writer.write(head.encode("utf-8") + b"\r\n" + part)
    await writer.drain()
    if fault:
        return await _fail(fault, writer, reader)
    return headers.get("connection") != "close"


async def _fail(fault: str | None, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> bool:
    if fault == "reset":
        # A reset discards what the client has not read yet.
        await asyncio.sleep(0.1)
        _reset(writer)
    elif fault == "stall":
        await reader.read(1)  # until the client goes
    return False


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _content(reply: Mapping[str, Any]) -> bytes:
    if "json" in reply:
        return json.dumps(reply["json"]).encode()
    if "base64" in reply:
        return base64.b64decode(reply["base64"])
    text: str = reply.get("text", "")
    return text.encode()
