"""HTTP/1.1 without I/O: the bytes of a request's head, and the reading of an answer from the bytes that come.

Rule 1: an answer ends where its framing says, and nowhere else; an end of the connection before that is a cut.
Rule 2: what two readers could take for different answers is none: two lengths, an unknown coding, a broken field.
Rule 3: a connection is used again only when exactly one answer came for one request, and the server keeps it.
Source: RFC 9112.
"""

from __future__ import annotations

import re

from ._message import Request, TransportError

# What servers send is well below these; httpx allows 100 KB.
MAX_HEAD_BYTES = 64 * 1024
MAX_CHUNK_LINE_BYTES = 4 * 1024

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n]*?)[ \t]*\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_NEXT_CHUNK_LINE = re.compile(_LINE_END.pattern + _CHUNK_LINE.pattern)
_LENGTH = re.compile(r"([0-9]{1,18})(?: *, *\1)*")
_NO_BODY = frozenset({204, 304})


def encoded(request: Request) -> bytes:
    """The head of a request, and its body where that is in memory. Raises TransportError for what cannot be sent."""
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.origin.authority}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    body = request.body
    if isinstance(body, bytes):
        lines.append(f"Content-Length: {len(body)}")
    elif body is not None:
        lines.append(f"Content-Length: {body.size}")
    elif request.method not in {"GET", "DELETE"}:
        lines.append("Content-Length: 0")
    text = "\r\n".join(lines)
    # Neither a line break nor a space may come from a value: what follows it would be read as another field.
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise TransportError("a header or the address holds a line break or a NUL", sent=False)
    if " " in request.target or not request.target.isascii():
        raise TransportError("the address holds a space or a character that is not ASCII", sent=False)
    try:
        head = f"{text}\r\n\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise TransportError("a header holds a character that cannot be sent", sent=False) from None
    return head + body if isinstance(body, bytes) else head


class Incoming:
    """One answer, read as its bytes are given by `receive`; each method raises TransportError for a broken one."""

    __slots__ = ("_at", "_chunked", "_data", "_ended", "_kept", "_left", "_received", "headers", "is_over", "status")

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_over = False
        self._data = b""
        self._at = 0
        self._ended = False
        self._kept = False
        self._chunked = False
        # How much of the body, or of a chunk, is still to come; None is all there is until the connection ends.
        self._left: int | None = 0
        self._received = 0

    def receive(self, data: bytes) -> None:
        """Takes what came from the connection; nothing means its end."""
        if not data:
            self._ended = True
        elif self._at == len(self._data):
            self._data, self._at = data, 0
        else:
            self._data, self._at = self._data[self._at :] + data, 0

    @property
    def wanted(self) -> int:
        """How many bytes can be of use, as far as is known."""
        return self._left or MAX_HEAD_BYTES

    @property
    def is_plain(self) -> bool:
        """Whether the next `wanted` bytes are of the body, whatever they are: `passed` may tell of them, then."""
        return bool(self._left) and not self._chunked and self._at == len(self._data)

    def passed(self, size: int) -> None:
        """Counts bytes of the body that were received without going through here; none means the end."""
        if not size:
            self._ended = True
        elif self._left is not None:
            self._left -= size
            self._received += size
            self.is_over = self._left == 0

    def drop(self) -> None:
        """Has the connection end with this answer, since its request was not sent whole."""
        self._kept = False

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the connection."""
        return self.is_over and self._kept and not self._ended and self._at == len(self._data)

    def head(self) -> bool:
        """Whether the head is there, in `status` and `headers`; more is to be received until it is."""
        while (end := _HEAD_END.search(self._data, self._at)) is not None:
            head, self._at = self._data[self._at : end.end()], end.end()
            if self._parse(head):
                return True
        start = self._data[self._at : self._at + 7]
        if not b"HTTP/1.".startswith(start):
            raise TransportError("the answer is not HTTP/1.1")
        if self._ended:
            raise TransportError(
                "the connection ended in the head of the answer" if start else "the connection ended without an answer"
            )
        if len(self._data) - self._at > MAX_HEAD_BYTES:
            raise TransportError(f"the head of the answer is longer than {MAX_HEAD_BYTES:,} bytes")
        return False

    def _parse(self, head: bytes) -> bool:
        """Reads a head; False where it is an interim one, which another follows."""
        line = _STATUS_LINE.match(head)
        if line is None:
            raise TransportError("the answer is not HTTP/1.1")
        fields = head[line.end() :]
        if b"\n " in fields or b"\n\t" in fields:
            fields = _FOLD.sub(b" ", fields)
        pairs: list[tuple[bytes, bytes]] = _FIELD.findall(fields)
        # The blank line is one more.
        if fields.count(b"\n") != len(pairs) + 1:
            raise TransportError("the head of the answer holds a line that is no field")
        status = int(line[2])
        if status < 200:
            if status == 101:
                raise TransportError("the server answered in another protocol")
            return False
        self.status = status
        headers = self.headers
        for raw_name, raw_value in pairs:
            name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        connection = headers.get("connection")
        if connection is None:
            self._kept = line[1] == b"1"
        else:
            tokens = {token.strip().lower() for token in connection.split(",")}
            self._kept = "close" not in tokens and (line[1] == b"1" or "keep-alive" in tokens)
        self._frame()
        return True

    def _frame(self) -> None:
        """Settles how the end of the body is told."""
        coding, length = self.headers.get("transfer-encoding"), self.headers.get("content-length")
        if self.status in _NO_BODY:
            self.is_over = True
        elif coding is not None:
            if coding.lower() != "chunked":
                raise TransportError("the answer has a transfer coding that is not known here")
            self._chunked = True
            # With both, the length is not to be trusted, nor what else comes on this connection.
            self._kept = self._kept and length is None
        elif length is not None:
            number = _LENGTH.fullmatch(length)
            if number is None:
                raise TransportError("the answer has a Content-Length that is none")
            self._left = int(number[1])
            self.is_over = self._left == 0
        else:
            self._left = None
            self._kept = False

    def chunk(self) -> bytes | None:
        """The next piece of the body: None while more is to be received, nothing at its end."""
        if self.is_over:
            return b""
        if self._chunked:
            return self._next_of_chunked()
        data = self._data[self._at :] if self._at else self._data
        if not data:
            if not self._ended:
                return None
            if self._left is not None:
                raise self._cut()
            self.is_over = True
            return b""
        if self._left is not None:
            # What comes behind the end stays where it is: `reusable` sees it.
            data = data[: self._left] if len(data) > self._left else data
            self._left -= len(data)
            self.is_over = self._left == 0
        self._at += len(data)
        self._received += len(data)
        return data

    def _next_of_chunked(self) -> bytes | None:
        if not self._left:
            # Behind each chunk but the first stands the line end of the one before.
            line = (_NEXT_CHUNK_LINE if self._received else _CHUNK_LINE).match(self._data, self._at)
            if line is None:
                return self._more_of_a_line()
            size = int(line[1], 16)
            if size == 0:
                return self._trailer(line.end())
            self._left, self._at = size, line.end()
        data = self._data[self._at : self._at + self._left]
        if not data:
            return self._more()
        self._at += len(data)
        self._left -= len(data)
        self._received += len(data)
        return data

    def _trailer(self, start: int) -> bytes | None:
        """Passes over the fields behind the last chunk, to the blank line that ends the body."""
        end = _LINE_END.match(self._data, start) or _HEAD_END.search(self._data, start)
        if end is None:
            if len(self._data) - start > MAX_HEAD_BYTES:
                raise TransportError(f"the trailer of the answer is longer than {MAX_HEAD_BYTES:,} bytes")
            return self._more()
        self._at = end.end()
        self.is_over = True
        return b""

    def _more_of_a_line(self) -> bytes | None:
        rest = self._data[self._at : self._at + MAX_CHUNK_LINE_BYTES + 2]
        text = rest.removeprefix(b"\r").removeprefix(b"\n") if self._received else rest
        if b"\n" in text or len(text) > MAX_CHUNK_LINE_BYTES or (self._received and rest and rest[0] not in b"\r\n"):
            raise TransportError("the answer holds a chunk without a size")
        return self._more()

    def _more(self) -> bytes | None:
        if self._ended:
            raise self._cut()
        return None

    def _cut(self) -> TransportError:
        whole = "" if self._chunked or self._left is None else f" of {self._received + self._left:,}"
        return TransportError(f"the answer was cut after {self._received:,}{whole} bytes")
