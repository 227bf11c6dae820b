"""Bodies that a server encoded although it was not asked to, decoded by httpx as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import httpx

from ._message import TransportError


def decoded(chunks: Iterator[bytes | memoryview], headers: Mapping[str, str]) -> Iterator[bytes]:
    """The chunks of a body, decoded. Raises TransportError where they cannot be."""
    try:
        yield from _response(_Chunks(chunks), headers).iter_bytes()
    except httpx.DecodingError as error:
        raise TransportError(str(error)) from error


async def adecoded(chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """As `decoded`, awaited."""
    try:
        async for chunk in _response(_AsyncChunks(chunks), headers).aiter_bytes():
            yield chunk
    except httpx.DecodingError as error:
        raise TransportError(str(error)) from error


def _response(stream: httpx.SyncByteStream | httpx.AsyncByteStream, headers: Mapping[str, str]) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": headers["content-encoding"]}, stream=stream)


class _Chunks(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes | memoryview]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return map(bytes, self._chunks)


class _AsyncChunks(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks
