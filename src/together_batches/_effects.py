"""What a flow can ask of the world, and what it is told: frozen values only.

A flow is a generator.
It yields effects, is sent their outcomes, and returns its result; it does no I/O over the network and reads no clock.
Two drivers carry effects out, `_flow` blocking and `_flow_async` async, so that all logic is written once.

Rules for flows: `yield from` for sub-flows; no `yield` in `finally`, since a cancelled flow is closed and may
not ask for anything more; reading and writing local files is allowed, network and time are not.

What passes to and fro are Structs, not the attrs of what users hold: making an attrs class takes 0.4 ms, 5 ms for all
of these, in every process that makes a call; a Struct takes 0.01 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import asdict

from ._errors import APIConnectionError, APITimeoutError

if TYPE_CHECKING:
    from ._sink import Spool
    from ._source import Slice

T = TypeVar("T")


class Call(Struct, frozen=True):
    """A small request to the API, with the key; outcome `Reply` or `Failure`.

    `path` stands below the base URL and is percent-encoded; `timeout` is in seconds of silence.
    """

    method: str
    path: str
    timeout: float
    json: Mapping[str, Any] | None = None
    form: Mapping[str, Any] | None = None


class Put(Struct, frozen=True):
    """A piece of a local file sent to a presigned URL, without the key; outcome `Reply` or `Failure`."""

    url: str
    body: Slice
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return _shown(self, "url", "headers")


class Fetch(Struct, frozen=True):
    """A download into a sink; outcome `Fetched` or `Failure`.

    `target` is a path below the base URL (sent with the key) or an absolute URL of another origin (sent without).
    `begin` is told the head of the reply before any of the body is written, may prepare the sink, and answers
    whether the body is wanted; a body that is not wanted comes back in the reply, its first 64 KiB.
    """

    target: str
    sink: Spool
    begin: Callable[[Reply], bool]
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return _shown(self, "target")


class Sleep(Struct, frozen=True):
    """A pause of a random length between the two numbers of seconds; outcome None.

    `before`, where there is any, is logged with the length: what is tried again, and why.
    """

    at_least: float
    at_most: float
    before: str = ""


class Now(Struct, frozen=True):
    """The time; outcome `Instant`."""


class Notify(Struct, frozen=True):
    """A call of a user's callback, awaited where it can be; outcome None."""

    callback: Callable[[Any], object]
    value: Any


class Work(Struct, frozen=True):
    """Local work that takes a while, in a thread where others would have to wait; outcome what it returns."""

    function: Callable[[], Any]


class Parallel(Struct, frozen=True):
    """Flows run side by side, at most `limit` at a time; outcome the list of their results, in order.

    The first that raises stops the others, by `stop`, and its error is raised where the effect was yielded.
    """

    flows: Sequence[Flow[Any]]
    limit: int
    stop: Callable[[], object]


Effect: TypeAlias = Call | Put | Fetch | Sleep | Now | Notify | Work | Parallel
Flow: TypeAlias = Generator[Effect, Any, T]


class Reply(Struct, frozen=True):
    """An answer that arrived whole; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def __repr__(self) -> str:
        return _shown(self, "headers", "body")

    @property
    def request_id(self) -> str | None:
        """The service's name for the request, for its support."""
        return self.headers.get("x-request-id") or self.headers.get("cf-ray")


class Fetched(Struct, frozen=True):
    """How a download went: the head of the reply, and the failure that cut its body short, if any."""

    head: Reply
    failure: Failure | None = None


class Failure(Struct, frozen=True):
    """No answer. `sent` is False only where the service cannot have seen any of the request."""

    reason: str
    sent: bool
    timed_out: bool = False
    cause: BaseException | None = None

    def __repr__(self) -> str:
        return _shown(self, "cause")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and repr(self) == repr(other)  # the cause counts in neither

    def error(self, doing: str) -> APIConnectionError:
        """The exception that says so, where `doing` names the operation."""
        kind = APITimeoutError if self.timed_out else APIConnectionError
        hint = (
            "raise timeout= or try again later"
            if self.timed_out
            else "check the network and the base URL, or try again"
        )
        error = kind(f"{doing}: {self.reason}; {hint}")
        error.__cause__ = self.cause
        return error


class Instant(Struct, frozen=True):
    """A moment on two clocks: `monotonic` in seconds for spans, `unix` in seconds since 1970 for dates."""

    monotonic: float
    unix: float


def _shown(value: Struct, *hidden: str) -> str:
    """A repr without the fields that may hold a signature or a body."""
    told = (f"{name}={held!r}" for name, held in asdict(value).items() if name not in hidden)
    return f"{type(value).__name__}({', '.join(told)})"
