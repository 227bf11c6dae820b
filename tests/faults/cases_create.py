"""Create: exactly one job, or an error that says that there may be one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from faults.acts import CREATE, SUBMIT
from faults.case import Case, Raises
from faults.families import CONNECTION, LOST, NO_EFFECT, connecting, harmless, mended, once, redirected, refused, stalls
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.stage import ENDPOINT, Stage
from together_batches import (
    APIConnectionError,
    APIStatusError,
    CreateOutcomeUnknownError,
    RateLimitError,
    UnreadableCreateError,
)

RESET = Fault.reset_after_processing()
NOTHING = Fault.before_processing(End.RESET)
ROUTE = "create_batch"

# Successes from which no job can be read, though there is one.
MISREAD = (
    Fault.html(201).after_processing(),
    Fault.html(200).after_processing(),
    Fault.body(b""),
    Fault.body(b"{"),
    Fault.body(b"\x00\xff"),
    Fault.body(b"[]"),
    Fault.body(b'{"job": null}'),
    Fault.body(b'{"job": []}'),
    Fault.body(b'{"job": {"id": null}}'),
    Fault.body(b'{"job": {"id": ""}}'),
    Fault.body(b'{"warning": "only"}'),
    Fault.status(204, b"").after_processing(),
    Fault.cut_unframed(),
    Fault.cut_unframed(0),
    Fault.wrong_length(-9),
    Fault.headers(Content_Encoding="gzip"),
    Fault.json("job in a list", lambda value: [value]),
)
# Faults of the list while a lost job is looked for, each of which passes.
LOOKS = (
    (Fault.status(503),),
    (Fault.status(500), Fault.status(502), Fault.status(429)),
    (Fault.before_processing(End.RESET),),
    (Fault.cut_body(),),
    (Fault.in_head(End.RESET), Fault.retry_after(503, 5)),
    (Fault.retry_after(429, 2, "date"),),
    (Fault.headers(Date="yesterday"),),
    (Fault.headers(Date="Mon, 01 Jan 0001 00:00:00 GMT"),),
    (Fault.json("unknown fields and a job of a stranger", lambda jobs: [{"id": "x", "status": "NEW"}, *jobs]),),
)
UNKNOWN = Raises(CreateOutcomeUnknownError, "may exist.*\n*.*find", {"endpoint": ENDPOINT})


def cases() -> Iterator[Case]:
    yield from harmless(CREATE, ROUTE)
    yield from connecting(CREATE)
    yield from refused(CREATE, ROUTE)
    yield from redirected(CREATE, ROUTE)
    yield from mended(CREATE, ROUTE, NO_EFFECT)
    yield from mended(CREATE, ROUTE, LOST, 1)
    yield from mended(CREATE, ROUTE, MISREAD, 1)
    for at in (1, 12, 40, 120, 200, 300):
        yield from mended(CREATE, ROUTE, (Fault.at_byte(End.RESET, at), Fault.at_byte(End.FIN, at)), 1)
    yield from _asked_to_wait()
    yield from _lagging()
    yield from _clocks()
    yield from _looks()
    yield from _others()
    yield from _healthy_services()
    yield from _given_up()
    yield from _without_retries()
    yield from _of_a_submit()


def _case(name: str, *faults: FaultValue, **more: Any) -> Case:
    return Case(act=CREATE, name=name, script={ROUTE: faults}, **{"options": stalls(*faults), **more})


def _asked_to_wait() -> Iterator[Case]:
    for seconds, form in ((2, "seconds"), (2.5, "ms"), (3, "date"), (60, "seconds"), (60, "date")):
        fault = Fault.retry_after(429, seconds, form)
        yield _case(
            str(fault), fault, slept=(seconds - 1 if form == "date" else seconds, seconds + 0.5), requests={ROUTE: 2}
        )
    for told in ("soon", "-5", "nan", "inf", "9" * 400, ""):
        fault = Fault.status(429, Retry_After=told)
        yield _case(f"429 retry after {told!r:.9}", fault, slept=(0, 0.5), requests={ROUTE: 2})
    for seconds, form in ((61, "seconds"), (3600, "seconds"), (3600, "date"), (90, "ms")):
        fault = Fault.retry_after(429, seconds, form)
        raises = Raises(RateLimitError, "try again in .* UTC", {"status_code": 429, "retry_after": float(seconds)})
        yield _case(f"{fault}, over the cap", fault, raises=raises, requests={ROUTE: 1}, slept=(0, 0))
    forever = Fault.status(429, Retry_After="1e300")
    yield _case("429 retry after the end of time", forever, raises=Raises(RateLimitError), requests={ROUTE: 1})
    for skew in (-5000.0, 5000.0):
        yield _case(
            f"429 retry after 3 s as date, the service is {skew:+g} s off", Fault.retry_after(429, 3, "date"),
            behaviour={"skew_seconds": skew}, slept=(2, 3.5), requests={ROUTE: 2},
        )  # fmt: skip
    yield _case("429 twice, then lost", Fault.status(429), Fault.retry_after(429, 4), RESET, requests={ROUTE: 3})
    yield _case("503 retry after, accepted", Fault.retry_after(503, 7).after_processing(), requests={ROUTE: 1})


def _lagging() -> Iterator[Case]:
    """The list shows a job some time after its creation."""
    for lag in (0.5, 1.0, 2.5, 5.0, 10.0):
        yield _case(f"lost, listed after {lag} s", RESET, behaviour={"lag_seconds": lag}, requests={ROUTE: 1})
    for lists in (1, 2, 3, 5):
        yield _case(f"lost, not in the first {lists} lists", RESET, behaviour={"lag_lists": lists}, requests={ROUTE: 1})
    for fault in (
        Fault.status(502).after_processing(),
        Fault.no_answer(End.STALL),
        Fault.cut_unframed(),
        Fault.html(201).after_processing(),
    ):
        yield _case(f"{fault}, listed after 5 s", fault, behaviour={"lag_seconds": 5.0}, requests={ROUTE: 1})
    yield _case(
        "nothing came of the first, the second is lost, listed after 5 s", NOTHING, RESET,
        behaviour={"lag_seconds": 5.0}, requests={ROUTE: 2}, slept=(18, 40),
    )  # fmt: skip
    yield _case("four without effect, then lost", *[Fault.status(503)] * 4, RESET, requests={ROUTE: 5})


def _clocks() -> Iterator[Case]:
    """The service's clock is not ours."""
    for skew in (-86_400.0, -3600.0, -61.0, 61.0, 3600.0, 86_400.0):
        behaviour = {"skew_seconds": skew, "lag_seconds": 2.0}
        yield _case(f"lost, the service is {skew:+g} s off", RESET, behaviour=behaviour, requests={ROUTE: 1})
        yield _case(
            f"no effect, an old job there, the service is {skew:+g} s off", NOTHING,
            behaviour=behaviour, before=_an_old_job(30), jobs=2,
        )  # fmt: skip
    yield _case("lost, times in whole seconds", RESET, behaviour={"whole_seconds": True}, requests={ROUTE: 1})
    behaviour = {"whole_seconds": True, "skew_seconds": -30.0, "lag_seconds": 3.0}
    yield _case("lost, times in whole seconds, 30 s off", RESET, behaviour=behaviour, requests={ROUTE: 1})


def _looks() -> Iterator[Case]:
    for faults in LOOKS:
        name = "lost, the list: " + ", ".join(map(str, faults))
        yield Case(act=CREATE, name=name, script={ROUTE: [RESET], "list_batches": faults}, requests={ROUTE: 1})
    yield Case(
        act=CREATE, name="lost, the list never dated", script={ROUTE: [RESET]},
        always={"list_batches": Fault.headers(Date="none")}, requests={ROUTE: 1},
    )  # fmt: skip
    for fault in (
        Fault.status(500),
        Fault.html(200),
        Fault.status(403),
        Fault.body(b"{}"),
        Fault.before_processing(End.RESET),
    ):
        yield Case(
            act=CREATE, name=f"lost, the list always: {fault}", script={ROUTE: [RESET]},
            always={"list_batches": fault}, raises=UNKNOWN, jobs=1, requests={ROUTE: 1},
        )  # fmt: skip
    undated = Fault.json("jobs without a date", lambda jobs: [{**job, "created_at": None} for job in jobs])
    yield Case(
        act=CREATE,
        name="lost, the list: jobs without a date",
        script={ROUTE: [RESET]},
        always={"list_batches": undated},
        raises=UNKNOWN,
        jobs=1,
        requests={ROUTE: 1},
    )


def _an_old_job(age: float, endpoint: str = ENDPOINT) -> Callable[[Stage], object]:
    return lambda stage: stage.server.world.add_job(stage.file_id, endpoint, age=age)


def _others() -> Iterator[Case]:
    """Jobs that are not ours are not taken for ours."""
    yield _case("lost, an old job of the same file there", RESET, before=_an_old_job(3600), jobs=2, requests={ROUTE: 1})
    yield _case(
        "no effect, an old job of the same file there", NOTHING, before=_an_old_job(3600), jobs=2, requests={ROUTE: 2}
    )
    yield _case(
        "no effect, a new job of another endpoint there", NOTHING, before=_an_old_job(0, "/v1/completions"), jobs=2
    )
    yield _case(
        "no effect, a new job of another file there", NOTHING, jobs=2,
        before=lambda stage: stage.server.world.add_job(stage.server.world.add_file(b"{}").id),
    )  # fmt: skip
    yield _case("lost, 300 old jobs there", RESET, before=_many_jobs, jobs=301, requests={ROUTE: 1})


def _many_jobs(stage: Stage) -> None:
    for age in range(300):
        stage.server.world.add_job(stage.server.world.add_file(b"{}").id, age=10.0 + age)


def _healthy_services() -> Iterator[Case]:
    yield _case("answers 200", behaviour={"create_status": 200}, requests={ROUTE: 1})
    yield _case("answers 202", behaviour={"create_status": 202}, requests={ROUTE: 1})
    yield _case("warns", behaviour={"warning": "the queue is long"}, requests={ROUTE: 1})
    yield _case("no effect, null for no jobs", NOTHING, behaviour={"null_for_no_jobs": True}, requests={ROUTE: 2})
    strange = Fault.json(
        "fields of other types",
        lambda v: {"job": {**v["job"], "progress": None, "status": 7, "file_size_bytes": "big"}},
    )
    yield _case("fields of other types", strange, requests={ROUTE: 1})
    for fault in (RESET, Fault.status(504).after_processing(), NOTHING, Fault.cut_body(), Fault.in_head(End.FIN)):
        yield _case(f"TLS: {fault}", fault, tls=True)


def _given_up() -> Iterator[Case]:
    """Faults that do not pass."""
    refusal = Fault.refuse()
    yield Case(
        act=CREATE,
        name="always refused",
        always={"connect:api": refusal},
        raises=Raises(APIConnectionError),
        requests={ROUTE: 0},
    )
    yield Case(
        act=CREATE, name="always 429", always={ROUTE: Fault.status(429)},
        raises=Raises(RateLimitError, "scripted 429"), requests={ROUTE: 5},
    )  # fmt: skip
    for fault in (Fault.status(500), Fault.status(503), NOTHING, Fault.before_processing(End.STALL), Fault.garbage()):
        yield Case(
            act=CREATE, name=f"always {fault}", always={ROUTE: fault}, options=stalls(fault),
            raises=UNKNOWN, requests={ROUTE: 5}, jobs=0,
        )  # fmt: skip
    for fault in (Fault.html(200), Fault.status(201, {"ok": True}), Fault.status(204, b"")):
        yield _case(
            f"{fault}, no job", fault, raises=Raises(UnreadableCreateError, "may exist"), requests={ROUTE: 1}, jobs=0
        )
    yield _case(
        "418", Fault.status(418), raises=Raises(APIStatusError, having={"status_code": 418}), requests={ROUTE: 1}
    )


def _without_retries() -> Iterator[Case]:
    for fault in (
        RESET,
        Fault.status(502).after_processing(),
        Fault.cut_body(),
        Fault.in_head(End.RESET),
        Fault.no_answer(End.STALL),
    ):
        yield once(CREATE, ROUTE, fault, UNKNOWN, jobs=1)
    yield once(CREATE, ROUTE, Fault.cut_unframed(), Raises(UnreadableCreateError, "may exist"), jobs=1)
    yield once(CREATE, ROUTE, Fault.status(503), UNKNOWN, jobs=0)
    yield once(CREATE, ROUTE, Fault.before_processing(End.STALL), UNKNOWN, jobs=0)
    yield once(CREATE, ROUTE, Fault.status(429), Raises(RateLimitError))
    # The tests' clock never moves, so the refusal stays.
    yield Case(
        act=CREATE, name="refused, no retries", always={"connect:api": Fault.refuse()}, options={"max_retries": 0},
        raises=Raises(APIConnectionError), requests={"*": 0},
    )  # fmt: skip


def _of_a_submit() -> Iterator[Case]:
    for fault in (
        *CONNECTION[:1],
        RESET,
        Fault.status(502).after_processing(),
        Fault.cut_chunked(),
        Fault.html(201).after_processing(),
        NOTHING,
    ):
        route = "connect:api" if fault.connects else ROUTE
        yield Case(act=SUBMIT, name=f"{route} {fault}", script={route: [fault]}, behaviour={"lag_seconds": 3.0})
    yield Case(
        act=SUBMIT, name="a fault at each step",
        script={
            "start_upload": [Fault.status(503), Fault.reset_after_processing()],
            "put": [Fault.in_request(End.RESET), Fault.status(500)],
            "preprocess": [Fault.cut_body()],
            ROUTE: [Fault.retry_after(429, 1), Fault.status(504).after_processing()],
            "list_batches": [Fault.status(502)],
        },
        requests={"start_upload": 3, "put": 3, "preprocess": 2, ROUTE: 2},
    )  # fmt: skip
