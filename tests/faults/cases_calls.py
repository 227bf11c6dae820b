"""The small calls that may be repeated: get, list, find, retrieve, cancel, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from faults.acts import CANCEL, DELETE, FIND, GET, LIST, LIST_FILES, RETRIEVE
from faults.case import Act, Case, Raises
from faults.families import (
    LOST,
    NO_EFFECT,
    PERMANENT,
    connecting,
    harmless,
    having,
    hopeless,
    mended,
    once,
    redirected,
    refused,
    unreadable,
)
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import Stage
from together_batches import (
    APIConnectionError,
    APITimeoutError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)

SOME_LOST = (
    Fault.reset_after_processing(),
    Fault.in_head(End.RESET),
    Fault.cut_body(),
    Fault.cut_chunked(-5),
    Fault.status(502).after_processing(),
)
SOME_STATUSES = {status: PERMANENT[status] for status in (400, 401, 403, 404, 422)}
TOLD = {"id": "it", "status": "NEW_STATUS", "progress": None, "created_at": "2026-05-28", "more": {"a": 1}}


def cases() -> Iterator[Case]:
    yield from _thoroughly(GET, "get_batch")
    yield from _thoroughly(LIST, "list_batches")
    for act, route in ((RETRIEVE, "get_file"), (LIST_FILES, "list_files"), (FIND, "list_batches")):
        yield from harmless_and_lost(act, route)
    yield from _of_a_cancel()
    yield from _of_a_delete()
    yield from _healthy_services()


def _thoroughly(act: Act, route: str) -> Iterator[Case]:
    yield from connecting(act)
    yield from harmless(act, route)
    yield from mended(act, route, NO_EFFECT)
    yield from mended(act, route, LOST)
    yield from refused(act, route)
    yield from redirected(act, route)
    yield from unreadable(act, route)
    for seconds, form in ((2, "seconds"), (2.5, "ms"), (3, "date")):
        fault = Fault.retry_after(503, seconds, form)
        low = seconds - 1 if form == "date" else seconds
        yield Case(act=act, name=f"{route} {fault}", script={route: [fault]}, slept=(low, seconds + 0.5))
    late = Fault.retry_after(503, 600)
    yield Case(
        act=act, name=f"{route} {late}, over the cap", script={route: [late]}, requests={route: 1}, slept=(0, 0),
        raises=Raises(InternalServerError, "try again in 600 s", {"retry_after": 600.0}),
    )  # fmt: skip
    conflict = Fault.status(409, Retry_After="1")
    yield Case(act=act, name=f"{route} {conflict}", script={route: [conflict]}, requests={route: 2})
    several = [Fault.status(503), Fault.before_processing(End.RESET), Fault.cut_body(), Fault.status(429)]
    yield Case(act=act, name=f"{route} four faults", script={route: several}, requests={route: 5})
    yield hopeless(act, route, Fault.status(503), Raises(InternalServerError, "scripted 503", {"status_code": 503}))
    yield hopeless(act, route, Fault.status(429), Raises(RateLimitError))
    yield hopeless(act, route, Fault.before_processing(End.RESET), Raises(APIConnectionError))
    yield hopeless(act, route, Fault.before_processing(End.STALL), Raises(APITimeoutError, "timeout="))
    yield hopeless(act, route, Fault.cut_body(), Raises(APIConnectionError))
    yield hopeless(act, "connect:api", Fault.refuse(), Raises(APIConnectionError, "network"), requests={route: 0})
    yield once(act, route, Fault.status(500), Raises(InternalServerError))
    yield once(act, route, Fault.reset_after_processing(), Raises(APIConnectionError))
    yield once(act, route, Fault.stall_body(), Raises(APITimeoutError))
    yield Case(act=act, name=f"{route} TLS, cut", script={route: [Fault.cut_body()]}, tls=True, requests={route: 2})


def harmless_and_lost(act: Act, route: str) -> Iterator[Case]:
    yield from mended(act, route, SOME_LOST)
    yield from refused(act, route, SOME_STATUSES)
    yield from unreadable(act, route)
    yield hopeless(act, route, Fault.status(500), Raises(InternalServerError))


def _of_a_cancel() -> Iterator[Case]:
    route = "cancel_batch"
    yield from mended(CANCEL, route, NO_EFFECT)
    yield from mended(CANCEL, route, LOST)
    yield from refused(CANCEL, route, SOME_STATUSES)
    yield from redirected(CANCEL, route)
    yield from unreadable(CANCEL, route)
    yield Case(
        act=CANCEL, name="lost, and cancelled when it is repeated",
        script={route: [Fault.reset_after_processing(), _while(_step)]},
        requests={route: 2},
    )  # fmt: skip
    yield Case(
        act=CANCEL, name="lost, and the job ended by itself",
        script={route: [Fault.before_processing(End.RESET), _while(_end)]},
        raises=Raises(ConflictError, "already in terminal state: COMPLETED"), requests={route: 2},
    )  # fmt: skip
    yield Case(
        act=CANCEL, name="of a job that has ended", before=_end, requests={route: 1},
        raises=Raises(ConflictError, "already in terminal state", {"status_code": 409}),
    )  # fmt: skip
    yield once(CANCEL, route, Fault.reset_after_processing(), Raises(APIConnectionError))


def _while(change: Callable[[Stage], None]) -> Callable[[Stage], FaultValue]:
    return lambda stage: Fault.healthy().doing("the job ends", lambda: change(stage))


def _step(stage: Stage) -> None:
    with stage.server.world.lock:
        stage.server.world.advance(stage.server.world.jobs[stage.job_id])


def _end(stage: Stage) -> None:
    job = stage.server.world.jobs[stage.job_id]
    job.status = "COMPLETED"
    stage.server.world.finish(job)


def _of_a_delete() -> Iterator[Case]:
    route = "delete_file"
    yield from mended(DELETE, route, NO_EFFECT)
    yield from mended(DELETE, route, LOST)
    yield from refused(DELETE, route, SOME_STATUSES)
    yield from redirected(DELETE, route)
    yield from unreadable(DELETE, route)
    yield Case(
        act=DELETE, name="of what is gone", before=lambda s: s.server.world.files.clear(), requests={route: 1},
        raises=Raises(NotFoundError, "File not found", {"status_code": 404}),
    )  # fmt: skip
    yield once(DELETE, route, Fault.reset_after_processing(), Raises(APIConnectionError))


def _healthy_services() -> Iterator[Case]:
    yield Case(act=GET, name="wrapped in job", behaviour={"wraps_get": True}, requests={"get_batch": 1})
    yield Case(act=CANCEL, name="wrapped in job", behaviour={"wraps_get": True}, requests={"cancel_batch": 1})
    for name, value in (
        ("progress", None),
        ("progress", "x"),
        ("created_at", 5),
        ("status", "NEW_STATUS"),
    ):
        fault = having(**{name: value})
        yield Case(act=GET, name=str(fault), script={"get_batch": [fault]}, requests={"get_batch": 1})
    extra = Fault.json("fields of tomorrow", lambda jobs: [{**job, "tomorrow": [1]} for job in jobs])
    yield Case(act=LIST, name=str(extra), script={"list_batches": [extra]}, requests={"list_batches": 1})
    odd = Fault.json(
        "a file of a new purpose", lambda v: {"data": [{**f, "purpose": "new", "FileType": 9} for f in v["data"]]}
    )
    yield Case(act=LIST_FILES, name=str(odd), script={"list_files": [odd]}, requests={"list_files": 1})
