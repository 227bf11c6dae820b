"""Faults that concern every call alike: what passes by itself, what a repetition mends, what is for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from faults.case import Act, Case, Raises
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import SHORT_SECONDS
from together_batches import (
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableEntityError,
)

PERMANENT: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: APIStatusError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIStatusError,
    409: ConflictError,
    410: APIStatusError,
    413: APIStatusError,
    422: UnprocessableEntityError,
    451: APIStatusError,
}
PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529)
STALL: dict[str, Any] = {"timeout": SHORT_SECONDS}

# Seen in the answer of one attempt; the next is healthy.
NO_EFFECT = (
    Fault.before_reading(End.RESET),
    Fault.before_reading(End.FIN),
    Fault.before_processing(End.RESET),
    Fault.before_processing(End.FIN),
    Fault.before_processing(End.STALL),
    Fault.garbage(),
    *(Fault.status(status) for status in PASSING),
    Fault.html(502),
    Fault.html(503),
    Fault.status(500, b""),
    Fault.status(503, b"\xff\xfe not text"),
    Fault.status(429, b'{"error": 7}'),
)
LOST = (
    Fault.reset_after_processing(),
    Fault.no_answer(End.FIN),
    Fault.no_answer(End.STALL),
    Fault.in_head(End.RESET),
    Fault.in_head(End.FIN),
    Fault.in_head(End.STALL, 20),
    Fault.in_body(End.RESET),
    Fault.in_body(End.FIN),
    Fault.stall_body(),
    Fault.cut_body(0),
    Fault.cut_body(-1),
    Fault.cut_chunked(),
    Fault.cut_chunked(-5),
    Fault.wrong_length(+7),
    Fault.status(500).after_processing(),
    Fault.status(502).after_processing(),
    Fault.status(503).after_processing(),
    Fault.status(504).after_processing(),
    Fault.html(502).after_processing(),
    Fault.delayed(),
)
HARMLESS = (
    Fault.healthy(),
    Fault.fragmented(),
    Fault.interim(100),
    Fault.interim(103),
    Fault.drop_kept(),
    Fault.headers(Content_Type="text/plain"),
    Fault.headers(Set_Cookie="session=other; Domain=example.com", X_Unknown="1"),
    Fault.without("Content-Type"),
)
CONNECTION = (
    Fault.refuse(),
    Fault.reset_on_connect(),
    Fault.fin_on_connect(),
    Fault.stall_on_connect(),
    Fault.garbage_on_connect(),
)
UNREADABLE = (
    Fault.html(200),
    Fault.html(201),
    Fault.body(b""),
    Fault.body(b"{"),
    Fault.body(b"\x00\x01\x02\xff"),
    Fault.body(b"[[[" * 40_000, "nested 120,000 deep"),
    Fault.body(b'"text"'),
    Fault.headers(Content_Encoding="gzip"),
)


def having(**fields: object) -> FaultValue:
    """The healthy answer's object with these fields in place of its own."""
    told = ", ".join(f"{name} {value!r}" for name, value in fields.items())
    return Fault.json(told, lambda value: {**value, **fields})


def sized(by: int) -> FaultValue:
    """The healthy answer's file with so many bytes more."""
    return Fault.json(f"{by:+} bytes", lambda file: {**file, "bytes": file["bytes"] + by})


def stalls(*faults: FaultValue) -> Mapping[str, Any]:
    """The client's options where one of the faults is a silence, which only its timeout ends."""
    return STALL if any("stall" in fault.name or "delayed" in fault.name for fault in faults) else {}


def mended(act: Act, route: str, faults: tuple[FaultValue, ...], requests: int = 2) -> Iterator[Case]:
    """One fault each, after which a repetition succeeds."""
    for fault in faults:
        options = stalls(fault)
        # On a busy machine a healthy answer may be late too; what may be repeated is repeated then.
        counted = {} if options and act.group != "create" else {route: requests}
        yield Case(act=act, name=f"{route} {fault}", script={route: [fault]}, options=options, requests=counted)


def connecting(act: Act, origin: str = "api") -> Iterator[Case]:
    for fault in CONNECTION:
        route = f"connect:{origin}"
        yield Case(act=act, name=f"{route} {fault}", script={route: [fault]}, options=stalls(fault))


def harmless(act: Act, route: str) -> Iterator[Case]:
    """What is no fault of the answer, and must not cost a second request."""
    return mended(act, route, HARMLESS, 1)


def refused(
    act: Act, route: str, statuses: Mapping[int, type[APIStatusError]] = PERMANENT, **more: Any
) -> Iterator[Case]:
    """Statuses that repeating does not change: one request, and an error that tells the status and the words."""
    for status, kind in statuses.items():
        yield Case(
            act=act,
            name=f"{route} {status}",
            script={route: [Fault.status(status)]},
            raises=Raises(kind, "TOGETHER|key" if status == 401 else "scripted", {"status_code": status}),
            requests={route: 1},
            **more,
        )


def redirected(act: Act, route: str, **more: Any) -> Iterator[Case]:
    """Redirects of API calls are not followed: not with the key, not with a body, not at all."""
    for status, to in ((301, "foreign"), (302, "storage"), (307, "foreign"), (308, "dead")):
        yield Case(
            act=act,
            name=f"{route} {status} to {to}",
            script={route: [Fault.redirect(to, status)]},
            raises=Raises(APIStatusError, "base URL", {"status_code": status}),
            requests={route: 1, "foreign": 0, "blob": 0, "unknown": 0},
            **more,
        )


def unreadable(act: Act, route: str, kind: type[Exception] = APIResponseValidationError) -> Iterator[Case]:
    """A success that cannot be read, always: an error, and never a value."""
    for fault in UNREADABLE[:-1]:
        yield Case(
            act=act, name=f"{route} always {fault}", always={route: fault}, raises=Raises(APIResponseValidationError)
        )


def hopeless(act: Act, route: str, fault: FaultValue, raises: Raises, **more: Any) -> Case:
    """A fault that does not pass: five attempts, then an error."""
    return Case(
        act=act, name=f"{route} always {fault}", always={route: fault}, raises=raises,
        options=stalls(fault), **{"requests": {route: 5}, **more},
    )  # fmt: skip


def once(act: Act, route: str, fault: FaultValue, raises: Raises, **more: Any) -> Case:
    """`max_retries=0` means one request."""
    return Case(
        act=act, name=f"{route} {fault}, no retries", script={route: [fault]}, raises=raises,
        options={"max_retries": 0, **stalls(fault)}, **{"requests": {route: 1, "*": 1}, **more},
    )  # fmt: skip
