"""The head of a request, read no further than an answer needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.I)


@dataclass(frozen=True)
class Head:
    """What was asked, how long the body is, and whether the client waits to be told to send it."""

    method: str
    target: str
    body_size: int
    expects: bool


def read(head: bytes) -> Head:
    """The head of a request, given with the empty line at its end. Raises ValueError for a body without a length."""
    method, target, _ = head[: head.index(b"\r\n")].decode("latin-1").split(" ")
    if method == "GET":
        return Head(method, target, 0, False)
    lower = head.lower()
    length = _LENGTH.search(head)
    if length is None and b"\r\ntransfer-encoding:" in lower:
        raise ValueError("a chunked body: no contender sends one")
    return Head(method, target, int(length[1]) if length else 0, b"\r\nexpect: 100-continue" in lower)
