"""Requests as they were seen, and replies as bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, evolve, field, frozen

Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, its name in any case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)


@define
class Request:
    """One request as the server saw it: `body` is what came, `complete` whether that was all that was announced."""

    origin: str
    method: str
    target: str
    headers: Headers = field(repr=False)
    connection: int
    route: str = "unknown"
    arguments: tuple[str, ...] = ()
    fault: str = ""
    body: bytes = field(default=b"", repr=False)
    complete: bool = False
    status: int | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def body_length(self) -> int:
        return len(self.body)

    @property
    def body_sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    def json(self) -> Any:
        """The body as JSON; None where it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@frozen
class Reply:
    """An answer before it is put on the wire; Content-Length, Transfer-Encoding and Date are added there."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Headers = ()

    @classmethod
    def json(cls, status: int, value: object, **headers: str) -> Reply:
        return cls(status, json.dumps(value).encode(), (("Content-Type", "application/json"),)).having(headers)

    def having(self, headers: Mapping[str, str]) -> Reply:
        """With these headers, in place of others of their names; an underscore stands for a hyphen."""
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = self.without(*new).headers
        return evolve(self, headers=(*kept, *new.items()))

    def without(self, *names: str) -> Reply:
        lowered = {name.lower() for name in names}
        return evolve(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in lowered))

    def value(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Framing(Enum):
    """How the end of a body is told."""

    LENGTH = "length"
    CHUNKED = "chunked"
    UNFRAMED = "unframed"  # by the end of the connection


def serialise(
    reply: Reply, *, framing: Framing = Framing.LENGTH, wrong_by: int = 0, unix: float, closing: bool = False
) -> tuple[bytes, bytes]:
    """The head and the body of a reply as they go on the wire; `wrong_by` is added to the length that is told.

    A Date or a Content-Length that the reply has already is left as it is.
    """
    try:
        reason = HTTPStatus(reply.status).phrase
    except ValueError:
        reason = "Unassigned"
    added: list[tuple[str, str]] = []
    if header(reply.headers, "Date") is None:
        added.append(("Date", formatdate(unix, usegmt=True)))
    body = reply.body
    if framing is Framing.CHUNKED:
        added.append(("Transfer-Encoding", "chunked"))
        body = _chunked(body)
    elif framing is Framing.LENGTH and header(reply.headers, "Content-Length") is None:
        added.append(("Content-Length", str(len(body) + wrong_by)))
    if closing or framing is Framing.UNFRAMED:
        added.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in (*reply.headers, *added))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def _chunked(body: bytes) -> bytes:
    size = max(1, -(-len(body) // 4))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
