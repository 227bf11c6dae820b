"""The content of a file as a response, whole or one range of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import IO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ._folder import CHUNK_BYTES
from ._http import Refusal

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def content_response(file: IO[bytes], etag: str, request: Request) -> Response:
    """Streams an open file and closes it; a range that cannot be read, or several, is answered with the whole."""
    size = os.fstat(file.fileno()).st_size
    headers = {"etag": etag, "accept-ranges": "bytes"}
    place = _place(request, etag, size)
    if place is None:
        start, end, status = 0, size, 200
    else:
        (start, end), status = place, 206
        if start >= end:
            file.close()
            raise Refusal(416, "the file has no such range", content_range=f"bytes */{size}")
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    headers["content-length"] = str(end - start)
    return StreamingResponse(_chunks(file, start, end), status, headers, "application/octet-stream")


def _place(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for, and the one behind the last; None for the whole file."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if first:
        return int(first), min(int(last) + 1, size) if last else size
    return (max(size - int(last), 0), size) if last else None


def _chunks(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
