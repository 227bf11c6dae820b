"""Uploads in parts: each part once more where it failed, nothing joined that is not whole, and no upload left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from faults.acts import UPLOAD_PARTS as PARTS
from faults.case import Case, Raises
from faults.cases_upload import _doing, _grow, _shrink
from faults.families import LOST, NO_EFFECT, having, mended, refused, unreadable
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import Stage
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    PermissionDeniedError,
    UnprocessableEntityError,
    UploadError,
)

PART_FAULTS = (
    Fault.in_request(End.RESET),
    Fault.in_request(End.FIN),
    Fault.before_processing(End.RESET),
    Fault.before_processing(End.STALL),
    Fault.reset_after_processing(),
    Fault.in_head(End.FIN),
    Fault.status(500, b""),
    Fault.retry_after(503, 3),
    Fault.status(429, b""),
    Fault.status(408, b""),
    Fault.answer_early(503),
)
ONCE_EACH = {"put_part:1": 1, "put_part:2": 1, "put_part:3": 1, "put_part:4": 1}


def cases() -> Iterator[Case]:
    yield from _initiate()
    yield from _parts()
    yield from _complete()
    yield Case(
        act=PARTS, name="faults everywhere",
        script={
            "initiate": [Fault.status(502), Fault.reset_after_processing()],
            "put_part:1": [Fault.in_request(End.RESET)],
            "put_part:2": [Fault.status(503, b""), Fault.reset_after_processing()],
            "put_part:4": [Fault.status(429, b""), Fault.before_processing(End.FIN), Fault.status(500, b"")],
            "complete": [Fault.status(503).after_processing(), Fault.cut_body()],
        },
        requests={"put_part:1": 2, "put_part:2": 3, "put_part:3": 1, "put_part:4": 4, "abort": 0},
    )  # fmt: skip


def _is_aborted(stage: Stage) -> bool:
    """No upload that the client gave up is left open, and no file holds a part of the bytes."""
    world = stage.server.world
    return all(upload.state == "aborted" for upload in world.uploads.values()) and not any(
        file.data for file in world.files.values()
    )


def _fails(name: str, raises: Raises, **more: Any) -> Case:
    return Case(act=PARTS, name=name, raises=raises, **{"holds": _is_aborted, **more})


def _changed_parts(name: str, change: Mapping[str, object]) -> FaultValue:
    return Fault.json(name, lambda made: {**made, "parts": [{**part, **change} for part in made["parts"]]})


def _initiate() -> Iterator[Case]:
    route = "initiate"
    yield Case(act=PARTS, name="healthy", requests={route: 1, "complete": 1, "abort": 0, **ONCE_EACH})
    yield from mended(PARTS, route, NO_EFFECT[:10])
    yield from mended(PARTS, route, LOST)
    yield from refused(PARTS, route)
    yield from unreadable(PARTS, route)
    for fault in (
        Fault.json("fewer URLs", lambda made: {**made, "parts": made["parts"][:-1]}),
        Fault.json("one URL", lambda made: {**made, "parts": made["parts"][:1]}),
        Fault.json("no URLs", lambda made: {**made, "parts": []}),
        Fault.json(
            "a URL too many", lambda made: {**made, "parts": [*made["parts"], {**made["parts"][0], "PartNumber": 5}]}
        ),
        Fault.json("a number twice", lambda made: {**made, "parts": [*made["parts"][:3], made["parts"][0]]}),
        Fault.json(
            "numbers from 0",
            lambda made: {**made, "parts": [{**p, "PartNumber": p["PartNumber"] - 1} for p in made["parts"]]},
        ),
    ):
        yield _fails(
            f"{route} {fault}",
            Raises(UploadError, "parts"),
            script={route: [fault]},
            requests={"put_part": 0, "abort": 1},
        )
    for name, change in (
        ("a part without a URL", {"URL": None}),
        ("a part without a number", {"PartNumber": None}),
        ("a part at a file", {"URL": "file:///etc/passwd"}),
        ("a part at an address with a password", {"URL": "http://a:b@127.0.0.1/"}),
    ):
        fault = _changed_parts(name, change)
        yield _fails(
            f"{route} {fault}",
            Raises(APIResponseValidationError),
            script={route: [fault]},
            requests={"put_part": 0},
            holds=None,
        )
    for fault in (having(upload_id=None), having(file_id=None), having(parts=None)):
        yield _fails(f"{route} {fault}", Raises(APIResponseValidationError), script={route: [fault]}, holds=None)
    spelled = Fault.json(
        "the other spelling",
        lambda made: {
            **made,
            "parts": [
                {"part_number": p["PartNumber"], "UploadURL": p["URL"], "Headers": p["Headers"]} for p in made["parts"]
            ],
        },
    )
    yield Case(act=PARTS, name=f"{route} {spelled}", script={route: [spelled]}, requests={"complete": 1})
    shuffled = Fault.json("in another order", lambda made: {**made, "parts": made["parts"][::-1]})
    yield Case(act=PARTS, name=f"{route} {shuffled}", script={route: [shuffled]}, requests={"complete": 1})
    asked = Fault.json(
        "headers that would change who sends",
        lambda made: {
            **made,
            "parts": [
                {**p, "Headers": {**p["Headers"], "Authorization": "x", "Host": "y", "Content-Length": "1"}}
                for p in made["parts"]
            ],
        },
    )
    yield Case(act=PARTS, name=f"{route} {asked}", script={route: [asked]}, requests={"complete": 1, **ONCE_EACH})
    bare = Fault.json("no headers", lambda made: {**made, "parts": [{**p, "Headers": None} for p in made["parts"]]})
    yield Case(
        act=PARTS,
        name=f"{route} {bare}",
        script={route: [bare]},
        behaviour={"part_headers": {}},
        requests={"complete": 1},
    )


def _parts() -> Iterator[Case]:
    for part in (1, 3, 4):
        route = f"put_part:{part}"
        for fault in PART_FAULTS if part == 3 else PART_FAULTS[:5]:
            (case,) = mended(PARTS, route, (fault,))
            yield Case(
                act=PARTS, name=case.name, script=case.script, options=case.options,
                requests={} if case.options else {**ONCE_EACH, route: 2, "initiate": 1, "complete": 1},
            )  # fmt: skip
    for fault in (Fault.revoked_url(), Fault.status(403, b""), Fault.status(404, b""), Fault.status(400, b"")):
        yield Case(
            act=PARTS, name=f"put_part:2 {fault}", script={"put_part:2": [fault]},
            requests={"initiate": 2, "abort": 1, "complete": 1},
        )  # fmt: skip
    yield _fails(
        "put_part:2 always 403", Raises(PermissionDeniedError), always={"put_part:2": Fault.status(403, b"")},
        requests={"initiate": 5, "abort": 5, "complete": 0},
    )  # fmt: skip
    for fault, kind in (
        (Fault.status(500, b""), InternalServerError),
        (Fault.before_processing(End.RESET), APIConnectionError),
        (Fault.in_request(End.RESET), APIConnectionError),
    ):
        yield _fails(
            f"put_part:2 always {fault}", Raises(kind, "storage"), always={"put_part:2": fault},
            requests={"put_part:2": 5, "complete": 0, "abort": 1},
        )  # fmt: skip
    yield _fails(
        "put_part:4 422", Raises(UnprocessableEntityError), script={"put_part:4": [Fault.status(422, b"")]},
        requests={"put_part:4": 1, "complete": 0, "abort": 1},
    )  # fmt: skip
    yield _fails(
        "put_part:1 307 to foreign", Raises(APIStatusError, having={"status_code": 307}),
        script={"put_part:1": [Fault.redirect("foreign", 307)]}, requests={"foreign": 0, "complete": 0},
    )  # fmt: skip
    yield _fails(
        "no ETags", Raises(UploadError, "ETag"), behaviour={"put_etags": False}, requests={"complete": 0, "abort": 1}
    )
    yield _fails(
        "put_part:2 422, and the abort fails", Raises(UnprocessableEntityError), holds=None,
        script={"put_part:2": [Fault.status(422, b"")]}, always={"abort": Fault.status(500)},
    )  # fmt: skip
    for name, change in (("the file grows", _grow), ("the file shrinks", _shrink)):
        yield _fails(
            f"{name} while a part is sent", Raises(UploadError, "changed|shorter"),
            script={"put_part:1": [_doing(name, change)]}, requests={"complete": 0, "abort": 1},
        )  # fmt: skip
    yield _fails(
        "the file shrinks first",
        Raises(UploadError, "shorter"),
        script={"initiate": [_doing("the file shrinks", _shrink)]},
    )
    yield _fails(
        "put_part:3 reset, no retries", Raises(APIConnectionError), options={"max_retries": 0},
        script={"put_part:3": [Fault.in_request(End.RESET)]}, requests={"put_part:3": 1, "complete": 0, "abort": 1},
    )  # fmt: skip


def _complete() -> Iterator[Case]:
    route = "complete"
    yield from mended(PARTS, route, NO_EFFECT[:10])
    yield from mended(PARTS, route, LOST)
    for status in (400, 404, 409):
        yield Case(
            act=PARTS,
            name=f"{route} lost, then {status}",
            script={route: [Fault.reset_after_processing(), Fault.status(status)]},
            requests={route: 2, "abort": 0},
        )
    yield _fails(
        f"{route} no effect, then 404", Raises(APIStatusError.__subclasses__()[3]),
        script={route: [Fault.before_processing(End.RESET), Fault.status(404)]}, requests={route: 2, "abort": 1},
    )  # fmt: skip
    yield _fails(
        f"{route} 400",
        Raises(BadRequestError, "scripted"),
        script={route: [Fault.status(400)]},
        requests={route: 1, "abort": 1},
    )
    yield _fails(
        f"{route} always 500",
        Raises(InternalServerError),
        always={route: Fault.status(500)},
        requests={route: 5, "abort": 1},
    )
    short = Fault.json("fewer bytes", lambda made: {"file": {**made["file"], "bytes": 1}})
    yield _fails(f"{route} {short}", Raises(UploadError, "bytes"), script={route: [short]}, holds=None)
    bare = Fault.json("the file itself", lambda made: made["file"])
    yield Case(act=PARTS, name=f"{route} {bare}", script={route: [bare]}, requests={route: 1})
    for fault in (Fault.html(200), Fault.body(b"{}")):
        yield _fails(f"{route} {fault}", Raises(APIResponseValidationError), script={route: [fault]}, holds=None)
