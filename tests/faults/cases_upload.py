"""Uploads: all bytes, exactly as they were read, and the key at no other origin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from faults.acts import UPLOAD, UPLOAD_CHECKSUM
from faults.case import Case, Raises
from faults.families import (
    LOST,
    NO_EFFECT,
    connecting,
    harmless,
    having,
    hopeless,
    mended,
    once,
    refused,
    sized,
    unreadable,
)
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import Stage
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    ConflictError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    UploadError,
)

IN_REQUEST = (
    Fault.in_request(End.RESET),
    Fault.in_request(End.FIN),
    Fault.in_request(End.STALL),
    Fault.in_request(End.RESET, 1),
    Fault.in_request(End.RESET, 0),
    Fault.answer_early(500),
    Fault.answer_early(503),
)
ADDRESSES = (
    "file:///etc/passwd",
    "ftp://storage.example/put",
    "javascript:alert(1)",
    "http://user:word@127.0.0.1/put",
    "http://127.0.0.1:0/put",
    "http://127.0.0.1/a b",
    "http://[::1",
    "http://bücher.example/",
)


def cases() -> Iterator[Case]:
    yield from _start()
    yield from _put()
    yield from _preprocess()
    yield from _checksums()
    yield from _changing_files()
    yield Case(
        act=UPLOAD, name="a fault at each step",
        script={
            "connect:api": [Fault.refuse()],
            "start_upload": [Fault.status(503), Fault.cut_body()],
            "connect:storage": [Fault.refuse()],
            "put": [Fault.in_request(End.RESET), Fault.revoked_url(), Fault.status(503)],
            "preprocess": [Fault.reset_after_processing(), Fault.retry_after(429, 2)],
        },
    )  # fmt: skip


def _start() -> Iterator[Case]:
    route = "start_upload"
    yield from connecting(UPLOAD)
    yield from harmless(UPLOAD, route)
    yield from mended(UPLOAD, route, NO_EFFECT)
    # The body of the redirect is empty, and all that is needed stands in its headers.
    yield from mended(UPLOAD, route, tuple(f for f in LOST if "body" not in f.name))
    yield from refused(UPLOAD, route)
    for fault in (
        Fault.without("Location"),
        Fault.without("X-Together-File-Id"),
        Fault.status(200, {"id": "file-1"}),
        Fault.status(302),
        Fault.html(200),
        Fault.status(204, b""),
    ):
        yield Case(
            act=UPLOAD, name=f"{route} {fault}", always={route: fault}, requests={"put": 0},
            raises=Raises(APIResponseValidationError),
        )  # fmt: skip
    for status in (301, 303, 307, 308):
        yield Case(
            act=UPLOAD, name=f"{route} {status} to foreign", always={route: Fault.redirect("foreign", status)},
            raises=Raises(APIStatusError, "base URL", {"status_code": status}), requests={"foreign": 0},
        )  # fmt: skip
    for address in ADDRESSES:
        fault = Fault.headers(Location=address.encode().decode("latin-1"))
        raises = Raises(APIResponseValidationError, "unusable address")
        yield Case(act=UPLOAD, name=f"{route} {fault}", always={route: fault}, raises=raises, requests={"put": 0})
    yield Case(
        act=UPLOAD,
        name="storage at another origin",
        script={route: [Fault.relocated("foreign")]},
        requests={"foreign": 1},
    )
    yield hopeless(UPLOAD, route, Fault.status(500), Raises(InternalServerError))
    yield hopeless(UPLOAD, route, Fault.status(429), Raises(RateLimitError))
    yield once(UPLOAD, route, Fault.reset_after_processing(), Raises(APIConnectionError))


def _put() -> Iterator[Case]:
    route = "put"
    yield from connecting(UPLOAD, "storage")
    yield from harmless(UPLOAD, route)
    yield from mended(UPLOAD, route, NO_EFFECT)
    yield from mended(UPLOAD, route, tuple(f for f in LOST if "body" not in f.name))
    yield from mended(UPLOAD, route, IN_REQUEST)
    for fault in (
        Fault.revoked_url(),
        *(Fault.status(status, b"") for status in (400, 401, 403, 404, 410)),
        Fault.answer_early(403),
    ):
        yield Case(act=UPLOAD, name=f"{route} {fault}", script={route: [fault]}, requests={"start_upload": 2, route: 2})
    yield Case(
        act=UPLOAD,
        name="three refused URLs",
        script={route: [Fault.revoked_url()] * 3},
        requests={"start_upload": 4, route: 4},
    )
    yield Case(
        act=UPLOAD,
        name="a URL refused after a lost answer",
        script={route: [Fault.reset_after_processing(), Fault.revoked_url()]},
        requests={"start_upload": 2, route: 3},
    )
    yield hopeless(
        UPLOAD,
        route,
        Fault.status(403, b"<Error>expired</Error>"),
        Raises(PermissionDeniedError, having={"status_code": 403}),
        requests={"start_upload": 5, route: 5},
    )
    for status, kind in (
        (402, APIStatusError),
        (405, APIStatusError),
        (413, APIStatusError),
        (422, UnprocessableEntityError),
    ):
        yield Case(
            act=UPLOAD, name=f"{route} {status}", script={route: [Fault.status(status, b"")]},
            raises=Raises(kind, "storage", {"status_code": status}), requests={route: 1, "preprocess": 0},
        )  # fmt: skip
    for status in (301, 302, 307, 308):
        yield Case(
            act=UPLOAD, name=f"{route} {status} to foreign", script={route: [Fault.redirect("foreign", status)]},
            raises=Raises(APIStatusError, having={"status_code": status}), requests={"foreign": 0, route: 1},
        )  # fmt: skip
    yield hopeless(UPLOAD, route, Fault.status(503), Raises(InternalServerError, "storage"))
    yield hopeless(UPLOAD, route, Fault.in_request(End.RESET), Raises(APIConnectionError, "storage"))
    yield hopeless(UPLOAD, route, Fault.before_processing(End.STALL), Raises(APITimeoutError, "storage"))
    yield hopeless(
        UPLOAD, "connect:storage", Fault.refuse(), Raises(APIConnectionError, "storage"), requests={"put": 0}
    )
    for fault in (Fault.in_request(End.RESET), Fault.status(403, b"")):
        yield once(
            UPLOAD, route, fault, Raises(PermissionDeniedError if "403" in fault.name else APIConnectionError),
            requests={"start_upload": 1, "put": 1, "*": 2},
        )  # fmt: skip
    yield Case(
        act=UPLOAD, name=f"{route} TLS, reset in the request", script={route: [Fault.in_request(End.RESET)]}, tls=True
    )
    yield Case(act=UPLOAD, name=f"{route} TLS, refused", script={"connect:storage": [Fault.refuse()]}, tls=True)


def _preprocess() -> Iterator[Case]:
    route = "preprocess"
    yield from mended(UPLOAD, route, LOST)
    yield from mended(UPLOAD, route, NO_EFFECT[:8])
    yield from refused(UPLOAD, route)
    yield from unreadable(UPLOAD, route)
    for by in (-1, +1):
        fault = sized(by)
        yield Case(act=UPLOAD, name=f"{route} {fault}", script={route: [fault]}, raises=Raises(UploadError, "bytes"))
    zero = having(bytes=0)
    yield Case(act=UPLOAD, name=f"{route} {zero}", script={route: [zero]}, raises=Raises(UploadError, "bytes"))
    yield hopeless(UPLOAD, route, Fault.status(500), Raises(InternalServerError))


def _checksums() -> Iterator[Case]:
    yield Case(act=UPLOAD_CHECKSUM, name="healthy", requests={"start_upload": 1, "put": 1})
    yield Case(
        act=UPLOAD_CHECKSUM,
        name="the bytes are there",
        before=_the_same_bytes,
        requests={"start_upload": 1, "put": 0, "preprocess": 0},
    )
    yield Case(
        act=UPLOAD_CHECKSUM, name="the bytes are there, lost answers", before=_the_same_bytes,
        script={"start_upload": [Fault.in_body(End.RESET)], "get_file": [Fault.status(503)]}, requests={"put": 0},
    )  # fmt: skip
    yield Case(act=UPLOAD_CHECKSUM, name="the service tells the same", behaviour={"reports_checksum": True})
    other = Fault.json("another checksum", lambda file: {**file, "checksum": "0" * 64})
    yield Case(
        act=UPLOAD_CHECKSUM, name=str(other), script={"preprocess": [other]}, raises=Raises(UploadError, "other bytes")
    )
    for body in ({}, {"file_id": None}, {"error": "in use"}):
        fault = Fault.status(409, body)
        yield Case(act=UPLOAD_CHECKSUM, name=str(fault), script={"start_upload": [fault]}, raises=Raises(ConflictError))
    fault = Fault.status(409, b"no JSON")
    yield Case(
        act=UPLOAD_CHECKSUM, name=str(fault), script={"start_upload": [fault]},
        raises=Raises(ConflictError),
    )  # fmt: skip


def _the_same_bytes(stage: Stage) -> None:
    stage.server.world.add_file(stage.data).processed = True


def _changing_files() -> Iterator[Case]:
    """A file that changes while it is sent is no upload."""
    for route, name, change in (
        ("put", "the file grows while it is sent", _grow),
        ("put", "the file is rewritten while it is sent", _rewrite),
        ("put", "the file shrinks while it is sent", _shrink),
        ("start_upload", "the file shrinks before it is sent", _shrink),
        ("start_upload", "the file is emptied before it is sent", _empty),
        ("start_upload", "the file grows before it is sent", _grow),
    ):
        yield Case(
            act=UPLOAD,
            name=name,
            script={route: [_doing(name, change)]},
            raises=Raises(UploadError, "changed|shorter"),
            requests={"preprocess": 0},
        )


def _doing(name: str, change: Callable[[Stage], Any]) -> Callable[[Stage], FaultValue]:
    return lambda stage: Fault.healthy().doing(name, lambda: change(stage))


def _grow(stage: Stage) -> None:
    with stage.source.open("ab") as file:
        file.write(b"more\n")


def _rewrite(stage: Stage) -> None:
    status = stage.source.stat()
    stage.source.write_bytes(b"x" * status.st_size)
    os.utime(stage.source, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


def _shrink(stage: Stage) -> None:
    os.truncate(stage.source, 40)


def _empty(stage: Stage) -> None:
    os.truncate(stage.source, 0)
