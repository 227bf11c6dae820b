"""What can go wrong with one request, as values: a table of cases reads as a table.

A fault says how far the request is read, whether it takes effect, what is answered, how much of the answer is sent,
and how the connection ends.
`Fault.status(502).after_processing()` is a 502 to a request that took effect; without that, it took none.
The constructors are those of `faults.Fault`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from attrs import evolve, field, frozen

from faults.message import Framing, Reply, Request


class Reads(Enum):
    """How much of a request is read before anything else happens."""

    NOTHING = "nothing"  # at the opening of the connection, TLS included
    HEAD = "head"
    SOME = "some of the body"
    ALL = "all"


class End(Enum):
    """What becomes of the connection after the answer, or what there was of it."""

    KEEP = "keep"
    CLOSE = "close"  # in order: close_notify under TLS, then FIN
    FIN = "fin"  # without close_notify: a cut, under TLS too
    RESET = "reset"
    STALL = "stall"  # silence, until the client goes away
    DROP_KEPT = "drop"  # FIN or close_notify, though the answer promised to keep the connection


class Hold(Enum):
    """What an answer waits for; the client's going away ends each wait."""

    NO = "no"
    NEXT_REQUEST = "next request"
    RELEASE = "release"  # FaultServer.release()
    CLIENT = "client"  # nothing: a stall


@frozen
class Stop:
    """How far an answer is sent: in the head or the body, at a byte from the start or, when negative, from the end.

    `offset=None` is the middle.
    """

    where: str = "end"  # start | head | body | wire | end
    offset: int | None = None

    def resolve(self, head: int, body: int) -> int:
        """The number of bytes that are sent of a head and a body of these lengths."""
        if self.where in ("start", "end"):
            return 0 if self.where == "start" else head + body
        first, last = {"head": (0, head), "body": (head, head + body), "wire": (0, head + body)}[self.where]
        if self.offset is None:
            return (first + last) // 2
        return min(last, max(first, (first if self.offset >= 0 else last) + self.offset))


@frozen
class Exchange:
    """What an edited reply may depend on: the request, the healthy reply, the service's clock, the origins by name."""

    request: Request
    reply: Reply
    unix: float
    origins: Mapping[str, str]


Edit = Callable[[Exchange], Reply]


@frozen
class FaultValue:
    """One fault; its name tells it whole, so two of one name are equal."""

    name: str
    reads: Reads = field(default=Reads.ALL, eq=False)
    read_bytes: int | None = field(default=None, eq=False)
    processes: bool = field(default=True, eq=False)
    revokes: bool = field(default=False, eq=False)
    ignores: tuple[str, ...] = field(default=(), eq=False)  # headers of the request, in lower case
    before: Callable[[], None] | None = field(default=None, eq=False, repr=False)
    edit: Edit | None = field(default=None, eq=False, repr=False)
    raw: bytes | None = field(default=None, eq=False, repr=False)  # in place of any answer
    interim: bytes = field(default=b"", eq=False, repr=False)
    framing: Framing = field(default=Framing.LENGTH, eq=False)
    wrong_by: int = field(default=0, eq=False)
    stop: Stop = field(default=Stop(), eq=False)
    end: End = field(default=End.KEEP, eq=False)
    hold: Hold = field(default=Hold.NO, eq=False)
    fragmented: bool = field(default=False, eq=False)
    refuses: bool = field(default=False, eq=False)

    def __str__(self) -> str:
        return self.name

    @property
    def connects(self) -> bool:
        """Whether it concerns the opening of a connection, and so no route."""
        return self.refuses or self.reads is Reads.NOTHING

    def after_processing(self) -> FaultValue:
        """The same, but the request takes effect first."""
        return evolve(self, processes=True, name=f"{self.name}, after processing")

    def after_next_request(self) -> FaultValue:
        """The same, but the answer waits for another request to come."""
        return evolve(self, hold=Hold.NEXT_REQUEST, name=f"{self.name}, after the next request")

    def after_release(self) -> FaultValue:
        """The same, but the answer waits for `FaultServer.release()`."""
        return evolve(self, hold=Hold.RELEASE, name=f"{self.name}, after release")

    def doing(self, what: str, action: Callable[[], None]) -> FaultValue:
        """The same, but first this is done, in a thread of the server: when the request is read, before its effect."""
        return evolve(self, before=action, name=f"{self.name}, {what}")

    def then(self, end: End) -> FaultValue:
        """The same, but the connection ends so."""
        return evolve(self, end=end, name=f"{self.name}, then {end.value}")

    def chunked(self) -> FaultValue:
        """The same, with a chunked body."""
        return evolve(self, framing=Framing.CHUNKED, name=f"{self.name}, chunked")

    def unframed(self) -> FaultValue:
        """The same, with a body that ends where the connection does."""
        return evolve(self, framing=Framing.UNFRAMED, name=f"{self.name}, no length")
