"""What is sent, what comes back, and what may go wrong in between, whichever transport carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

TYPE_CHECKING = False

if TYPE_CHECKING:
    import ssl

    from .._source import Slice

Tls: TypeAlias = "Callable[[], ssl.SSLContext]"
"""Gives the settings for TLS when a connection first needs them; may raise ConfigurationError."""

# An answer as a whole may take this many times the silence that is allowed within it, and so may its head.
ANSWER_TIMEOUTS = 5
CLOSED = "this client is closed: make a new one"
DEFAULT_PORTS = {"http": 80, "https": 443}


class TransportError(Exception):
    """No answer, or not all of it; `sent` is False only where the server cannot have seen any of the request."""

    def __init__(self, reason: str, *, sent: bool = True, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timed_out = timed_out


def too_slow(what: str, seconds: float) -> TransportError:
    """The failure of an answer that kept coming, a little at a time."""
    return TransportError(f"the {what} was not complete after {seconds:g} s", timed_out=True)


class Request:
    """A request, whole: nothing is added to it but the framing of its body.

    `origin` is the scheme, host and port of its address, `target` the rest of it, percent-encoded;
    `timeout` is in seconds of silence, for connecting, sending and receiving each.
    """

    __slots__ = ("body", "headers", "method", "origin", "target", "timeout")

    def __init__(
        self,
        method: str,
        origin: Origin,
        target: str,
        headers: Mapping[str, str],
        timeout: float,
        body: bytes | Slice | None = None,
    ) -> None:
        self.method = method
        self.origin = origin
        self.target = target
        self.headers = headers
        self.timeout = timeout
        self.body = body

    @property
    def url(self) -> str:
        return f"{self.origin.scheme}://{self.origin.authority}{self.target}"


class Origin:
    """The scheme, host and port that connections are made to and kept for; `authority` is what a Host header says."""

    __slots__ = ("authority", "host", "key", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int | None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port or DEFAULT_PORTS[scheme]
        name = f"[{host}]" if ":" in host else host
        self.authority = name if self.port == DEFAULT_PORTS[scheme] else f"{name}:{self.port}"
        self.key = (scheme, host, self.port)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Origin({self.scheme}://{self.authority})"


def split(url: str) -> tuple[Origin, str]:
    """An absolute http or https URL as its origin and the target to ask for there, as it is written.

    Raises TransportError for what is no such URL.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("ascii", "strict").decode(), parts.port
    except ValueError as error:
        raise TransportError(f"the address cannot be used: {type(error).__name__}", sent=False) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise TransportError("the address is not an http or https URL", sent=False)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Origin(parts.scheme, host, port), target


class Answer(Protocol):
    """An answer whose head has come; header names are in lower case. To be closed, in any case."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> Iterator[bytes | memoryview]:
        """The body as it comes, decoded where the server encoded it. Raises TransportError when it is cut.

        A memoryview is good only until the next chunk is asked for.
        """
        ...

    def close(self) -> None: ...


class AsyncAnswer(Protocol):
    """As `Answer`, awaited."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]: ...
    async def close(self) -> None: ...


class Transport(Protocol):
    """Carries requests for the blocking driver; threads may share it."""

    def send(self, request: Request) -> Answer:
        """Sends a request and waits for the head of its answer.

        Raises TransportError, ConfigurationError once it is closed, and what reading the request's body raises.
        """
        ...

    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """As `Transport`, awaited."""

    async def send(self, request: Request) -> AsyncAnswer: ...
    async def close(self) -> None: ...
