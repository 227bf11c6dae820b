"""Wait, results, collect and run: a day's work survives the faults of a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve

from faults.acts import COLLECT, RESULTS, RUN, WAIT
from faults.case import Case, Raises
from faults.families import CONNECTION, LOST, NO_EFFECT, PERMANENT, connecting, having, mended, refused
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import Stage
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    BatchFailedError,
    CreateOutcomeUnknownError,
    DownloadError,
    InternalServerError,
    JobNotFinishedError,
    NotFoundError,
    WaitTimeoutError,
)

POLL = "get_batch"


def cases() -> Iterator[Case]:
    yield from _waits()
    yield from _results()
    yield from _collects()
    yield from _runs()


def _waits() -> Iterator[Case]:
    yield from connecting(WAIT)
    yield from mended(WAIT, POLL, NO_EFFECT, 3)
    # A lost answer has moved the job on: the server tells the next status each time it is asked.
    yield from mended(WAIT, POLL, LOST, 2)
    yield from refused(WAIT, POLL, {s: PERMANENT[s] for s in (400, 401, 403, 404, 410, 422)})
    for fault in (
        Fault.html(200),
        Fault.body(b"{"),
        Fault.body(b"null"),
        Fault.body(b"[]"),
        Fault.json("no id", lambda job: {**job, "id": None}),
    ):
        yield Case(act=WAIT, name=f"{POLL} {fault}", script={POLL: [fault]})
    for fault in (Fault.status(503), Fault.before_processing(End.RESET), Fault.html(200), Fault.status(429)):
        yield Case(act=WAIT, name=f"{POLL} 30 times {fault}", script={POLL: [fault] * 30})
    yield Case(
        act=WAIT,
        name="half an hour without a connection",
        script={"connect:api": [Fault.refuse()] * 150},
        slept=(300, 3600),
    )
    for fault, kind in (
        (Fault.status(500), InternalServerError),
        (Fault.html(200), APIResponseValidationError),
        (Fault.before_processing(End.RESET), APIConnectionError),
    ):
        yield Case(
            act=WAIT, name=f"{POLL} always {fault}", always={POLL: fault}, raises=Raises(kind), slept=(3600, 4000)
        )
    for status in ("NEW_STATUS", "PAUSED", ""):
        odd = having(status=status)
        yield Case(act=WAIT, name=str(odd), script={POLL: [odd] * 3})
    null = having(status=None, progress=None)
    yield Case(act=WAIT, name=str(null), script={POLL: [null]})
    done = Fault.json("progress 100 though it goes on", lambda job: {**job, "progress": 100})
    yield Case(act=WAIT, name=str(done), always={POLL: done})
    for statuses in (
        ("FAILED",), ("EXPIRED",), ("CANCELLED",), ("COMPLETED",),
        ("VALIDATING", "FAILED"), ("IN_PROGRESS", "EXPIRED"), ("IN_PROGRESS", "CANCELING", "CANCELING", "CANCELLED"),
        ("VALIDATING", *["IN_PROGRESS"] * 200, "COMPLETED"),
    ):  # fmt: skip
        name = f"{len(statuses)} steps to {statuses[-1]}" if len(statuses) > 4 else " ".join(statuses)
        yield Case(act=WAIT, name=name, behaviour={"statuses": statuses})
    short = evolve(WAIT, name="wait 60 s", call=lambda c, s: c.batches.wait(s.job_id, timeout=60))
    forever = {"statuses": ("VALIDATING", *["IN_PROGRESS"] * 500)}
    yield Case(
        act=short,
        name="a job that does not end",
        behaviour=forever,
        raises=Raises(WaitTimeoutError, "goes on"),
        slept=(60, 61),
    )
    yield Case(
        act=short,
        name="never an answer",
        always={POLL: Fault.status(503)},
        raises=Raises(WaitTimeoutError, "unknown"),
        slept=(60, 120),
    )
    at_once = evolve(WAIT, name="wait 0 s", call=lambda c, s: c.batches.wait(s.job_id, timeout=0))
    yield Case(
        act=at_once,
        name="a job that does not end",
        behaviour=forever,
        raises=Raises(WaitTimeoutError),
        requests={POLL: 1},
        slept=(0, 0),
    )
    yield Case(act=WAIT, name="wrapped in job", behaviour={"wraps_get": True})
    yield Case(act=WAIT, name="TLS, cut", script={POLL: [Fault.cut_body()]}, tls=True)


def _end_as(status: str, *, output: bool = False, errors: bool = False) -> Callable[[Stage], None]:
    """The job ends so, with only these of its files."""

    def end(stage: Stage) -> None:
        job = stage.server.world.jobs[stage.job_id]
        job.status = status
        job.output_file_id = job.output_file_id if output else None
        job.error_file_id = job.error_file_id if errors else None
        job.error = "the input file could not be read" if status == "FAILED" else None

    return end


def _results() -> Iterator[Case]:
    yield Case(act=RESULTS, name="answers and errors", requests={"content": 2})
    yield Case(act=RESULTS, name="answers alone", before=_end_as("COMPLETED", output=True), requests={"content": 1})
    yield Case(act=RESULTS, name="errors alone", before=_end_as("COMPLETED", errors=True), requests={"content": 1})
    yield Case(act=RESULTS, name="neither", before=_end_as("COMPLETED"), requests={"content": 0})
    yield Case(act=RESULTS, name="expired, with some", before=_end_as("EXPIRED", output=True, errors=True))
    yield Case(act=RESULTS, name="cancelled, with some", before=_end_as("CANCELLED", output=True))
    yield Case(act=RESULTS, name="failed, with errors", before=_end_as("FAILED", errors=True))
    yield Case(
        act=RESULTS,
        name="failed",
        before=_end_as("FAILED"),
        raises=Raises(BatchFailedError, "could not be read"),
        requests={"content": 0},
    )
    for status in ("VALIDATING", "IN_PROGRESS", "CANCELING"):
        yield Case(
            act=RESULTS,
            name=f"not ended: {status}",
            before=_going_on(status),
            raises=Raises(JobNotFinishedError, "wait"),
        )
    yield from mended(RESULTS, POLL, (*NO_EFFECT[::3], *LOST[::3]))
    yield from refused(RESULTS, POLL, {s: PERMANENT[s] for s in (401, 403, 404)})
    for fault in (
        Fault.cut_body(),
        Fault.cut_unframed(),
        Fault.cut_chunked(-5),
        Fault.status(503),
        Fault.html(200),
        Fault.in_head(End.RESET),
    ):
        yield Case(act=RESULTS, name=f"content {fault}", script={"content": [fault]})
        yield Case(act=RESULTS, name=f"the second content {fault}", script={"content": [Fault.healthy(), fault]})
    yield Case(
        act=RESULTS, name="the errors file is gone", script={"content": [Fault.healthy(), Fault.status(404)]},
        raises=Raises(NotFoundError),
    )  # fmt: skip
    yield Case(act=RESULTS, name="always cut", always={"content": Fault.cut_body(0)}, raises=Raises(DownloadError))
    yield Case(act=RESULTS, name="content at storage", behaviour={"content_redirects": True}, requests={"blob": 2})


def _going_on(status: str) -> Callable[[Stage], None]:
    def go_on(stage: Stage) -> None:
        job = stage.server.world.jobs[stage.job_id]
        job.status, job.statuses = status, [status]

    return go_on


def _collects() -> Iterator[Case]:
    yield Case(act=COLLECT, name="healthy")
    for fault in (Fault.cut_body(), Fault.cut_unframed(), Fault.status(503), Fault.html(200)):
        yield Case(act=COLLECT, name=f"content {fault}", script={"content": [fault, Fault.healthy(), fault]})
    for name, fault, kind in (
        ("always cut", Fault.cut_body(0), DownloadError),
        ("always 503", Fault.status(503), InternalServerError),
        ("always HTML", Fault.html(200), APIResponseValidationError),
        ("always 401", Fault.status(401), AuthenticationError),
    ):
        yield Case(act=COLLECT, name=f"content {name}", always={"content": fault}, raises=Raises(kind))
        yield Case(
            act=COLLECT,
            name=f"the second content {name}",
            script={"content": [Fault.healthy()]},
            always={"content": fault},
            raises=Raises(kind),
        )
    yield Case(act=COLLECT, name="failed", before=_end_as("FAILED"), raises=Raises(BatchFailedError))
    yield Case(act=COLLECT, name="not ended", before=_going_on("IN_PROGRESS"), raises=Raises(JobNotFinishedError))


EVERYWHERE: dict[str, tuple[FaultValue, ...]] = {
    "start_upload": (Fault.status(503), Fault.reset_after_processing()),
    "put": (Fault.in_request(End.RESET), Fault.revoked_url()),
    "preprocess": (Fault.cut_body(),),
    "create_batch": (Fault.status(502).after_processing(),),
    "list_batches": (Fault.status(500),),
    "get_batch": (Fault.html(200), Fault.status(503), Fault.in_head(End.FIN)),
    "get_file": (Fault.status(500),),
    "content": (Fault.cut_body(100), Fault.ignoring("Range")),
}


def _runs() -> Iterator[Case]:
    yield Case(act=RUN, name="healthy", requests={"create_batch": 1, "list_batches": 0})
    for fault in (CONNECTION[0], CONNECTION[1]):
        yield Case(act=RUN, name=f"connect:api {fault}", script={"connect:api": [fault]})
    for route, faults in EVERYWHERE.items():
        for fault in faults[: 2 if route != "list_batches" else 0]:
            yield Case(act=RUN, name=f"{route} {fault}", script={route: [fault]}, jobs=1)
    yield Case(
        act=RUN, name="a fault at each step", script=EVERYWHERE, behaviour={"lag_seconds": 4.0},
        requests={"create_batch": 1},
    )  # fmt: skip
    yield Case(act=RUN, name="content at storage", behaviour={"content_redirects": True}, requests={"blob": 1})
    for name, always, kind, jobs in (
        ("put always 500", {"put": Fault.status(500, b"")}, InternalServerError, 0),
        ("start_upload 401", {"start_upload": Fault.status(401)}, AuthenticationError, 0),
        (
            "create always lost, the list always fails",
            {"create_batch": Fault.reset_after_processing(), "list_batches": Fault.status(500)},
            CreateOutcomeUnknownError,
            1,
        ),
        ("create 402", {"create_batch": Fault.status(402)}, APIStatusError, 0),
        ("get_batch 404", {"get_batch": Fault.status(404)}, NotFoundError, 1),
        ("content always cut", {"content": Fault.cut_body(0)}, DownloadError, 1),
        ("content always HTML", {"content": Fault.html(200)}, APIResponseValidationError, 1),
    ):
        yield Case(act=RUN, name=name, always=always, raises=Raises(kind), jobs=jobs)
    yield Case(
        act=RUN,
        name="the job fails",
        behaviour={"statuses": ("VALIDATING", "FAILED")},
        raises=Raises(BatchFailedError),
        jobs=1,
    )
    expired = {"statuses": ("VALIDATING", "EXPIRED")}
    truth = evolve(RUN, name="run of a job that expires", truth=_tells_every_request)
    yield Case(act=truth, name="with answers", behaviour=expired)
    yield Case(act=truth, name="rows in any order, twice, and of strangers", behaviour={"answer": _odd_rows})


def _tells_every_request(stage: Stage, value: Any) -> bool:
    """Each request stands in the output, in order, with an answer or an error."""
    asked = [json.loads(line)["custom_id"] for line in stage.data.splitlines()]
    rows = [json.loads(line) for line in stage.target.read_bytes().splitlines()]
    told = [row["custom_id"] for row in rows if "request" in row]
    counted = value.answered + sum(value.failed.values()) + value.missing
    return (
        told == asked
        and counted == value.requests == len(asked)
        and all((row["response"] is None) != (row["error"] is None) for row in rows if "request" in row)
    )


def _odd_rows(line: bytes) -> tuple[bytes, bytes]:
    custom_id = json.loads(line)["custom_id"]
    answer = {"status_code": 200, "body": {"choices": []}}
    row = json.dumps({"custom_id": custom_id, "response": answer}).encode() + b"\n"
    stranger = json.dumps({"custom_id": f"not-{custom_id}", "response": answer}).encode() + b"\n"
    return {"r0": row + row, "r1": b"not JSON\n" + stranger}.get(custom_id, b""), b""
