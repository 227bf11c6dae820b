"""A raw socket that does no more than it must: the floor, and the proof that the server is not the bottleneck."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl

from measure import ENDPOINT, KEY, cafile, crowded, main, once, parts_of, repeated

BODY = b'{"input_file_id":"file-1","endpoint":"%s","completion_window":"24h"}' % ENDPOINT.encode()


def head(given, method, path, *more):
    host, port, prefix = parts_of(given.api)
    lines = [f"{method} {prefix}{path} HTTP/1.1", f"Host: {host}:{port}", f"Authorization: Bearer {KEY}", *more]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def connected(given):
    host, port, _ = parts_of(given.url)
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if given.url.startswith("https"):
        context = ssl.create_default_context(cafile=cafile())
        connection = context.wrap_socket(connection, server_hostname=host)
    return connection


def calls(given, request):
    connection = connected(given)

    def call():
        connection.sendall(request)
        while not _is_whole(connection.recv(65536)):
            raise AssertionError("an answer came in pieces")

    return repeated(call, given.count)


def _is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return len(body) == int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])


def create(given):
    length = f"Content-Length: {len(BODY)}"
    return calls(given, head(given, "POST", "/batches", "Content-Type: application/json", length) + BODY)


def get(given):
    return calls(given, head(given, "GET", "/batches/job-1"))


class Caller(asyncio.Protocol):
    """One connection, one request on its way."""

    def data_received(self, data):
        assert _is_whole(data)
        self.answer.set_result(data)


def crowd(given):
    """Without an event loop: every answer that is there is taken, and the next request sent."""
    request = head(given, "GET", "/batches/job-1")
    poller = select.poll()
    connections = {}
    for _ in range(given.in_flight):
        connection = connected(given)
        connections[connection.fileno()] = connection
        poller.register(connection, select.POLLIN)

    def calls(count):
        for connection in connections.values():
            connection.sendall(request)
        unsent, unanswered = count - given.in_flight, count
        while unanswered:
            for number, _ in poller.poll():
                connection = connections[number]
                assert _is_whole(connection.recv(65536))
                unanswered -= 1
                if unsent > 0:
                    unsent -= 1
                    connection.sendall(request)

    calls(given.in_flight)
    return once(lambda: calls(given.count), count=given.count)


def crowd_asyncio(given):
    """On asyncio, with a protocol that does no more than it must."""

    async def run():
        loop = asyncio.get_running_loop()
        host, port, _ = parts_of(given.url)
        request = head(given, "GET", "/batches/job-1")
        free = [await loop.create_connection(Caller, host, port) for _ in range(given.in_flight)]

        async def call():
            transport, caller = free.pop()
            caller.answer = loop.create_future()
            transport.write(request)
            await caller.answer
            free.append((transport, caller))

        return await crowded(call, given.count, given.in_flight)

    return asyncio.run(run())


def upload(given):
    """The PUT alone, of bytes that are in memory already."""
    connection = connected(given)
    block = memoryview(os.urandom(1024 * 1024))

    def act():
        connection.sendall(head(given, "PUT", "/storage/raw", f"Content-Length: {given.size}"))
        left = given.size
        while left:
            sent = block[:left]
            connection.sendall(sent)
            left -= len(sent)
        assert b" 200 " in connection.recv(65536)

    return once(act, size=given.size)


def download(given):
    """Received and forgotten."""
    connection = connected(given)
    buffer = bytearray(1024 * 1024)

    def act():
        connection.sendall(head(given, "GET", f"/files/{given.file}/content"))
        size = connection.recv_into(buffer)
        came = size - buffer.index(b"\r\n\r\n") - 4
        while came < given.size:
            came += connection.recv_into(buffer)

    return once(act, size=given.size)


if __name__ == "__main__":
    main(
        {
            "create": create,
            "get": get,
            "crowd": crowd,
            "crowd-asyncio": crowd_asyncio,
            "upload": upload,
            "download": download,
        }
    )
