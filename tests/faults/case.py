"""One case of the matrix, and its judgement: by what the server and the folder hold, not by what the client says."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import field, frozen

from faults.fault import FaultValue
from faults.server import FaultServer
from faults.stage import OLD, Hangs, Stage, play, small_parts, temporary_files_in
from faults.world import KEY, SIGNATURE, Behaviour
from together_batches import CreateOutcomeUnknownError, TogetherError

Script = Mapping[str, Sequence[FaultValue | Callable[[Stage], FaultValue]]]


@frozen
class Act:
    """What a case calls: how the world is before, the call, and whether what it returned is the truth."""

    group: str
    name: str
    prepare: Callable[[Stage], object]
    call: Callable[[Any, Stage], Any]
    truth: Callable[[Stage, Any], bool]
    small_parts: bool = False
    creates: bool = False


@frozen
class Raises:
    """The error that is right: of this very class, saying this, with these attributes."""

    kind: type[TogetherError]
    says: str = ""
    having: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Case:
    """A call, its faults, and its one right outcome: a true value, or the error of `raises`.

    `jobs` is how many there are in the end (one more than before for what creates, unless told);
    `requests` how many a route has seen; `slept` between how many seconds the call has waited.
    """

    act: Act
    name: str
    script: Script = field(factory=dict)
    always: Mapping[str, FaultValue] = field(factory=dict)
    behaviour: Mapping[str, Any] = field(factory=dict)
    options: Mapping[str, Any] = field(factory=dict)
    before: Callable[[Stage], object] | None = None
    raises: Raises | None = None
    requests: Mapping[str, int] = field(factory=dict)
    jobs: int | None = None
    slept: tuple[float, float] | None = None
    holds: Callable[[Stage], bool] | None = None
    tls: bool = False

    @property
    def id(self) -> str:
        return f"{self.act.name}: {self.name}"


@frozen(kw_only=True)
class Verdict:
    """What came of a case: `problems` is empty when it went as it must."""

    case: Case
    colour: str
    seconds: float
    succeeded: bool
    second_jobs: int = 0
    job_despite_error: bool = False
    job_concealed: bool = False
    wrong_data: bool = False
    foreign: bool = False
    hangs: bool = False
    leftovers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def judge(server: FaultServer, case: Case, colour: str, root: Path) -> Verdict:
    """Play a case in an empty folder, and judge it."""
    server.reset(Behaviour(**case.behaviour))
    stage = Stage(server, root)
    case.act.prepare(stage)
    if case.before is not None:
        case.before(stage)
    world = server.world
    jobs_before, files_before = set(world.jobs), set(stage.folder.iterdir())
    server.scripts(
        {route: [f if isinstance(f, FaultValue) else f(stage) for f in fs] for route, fs in case.script.items()}
    )
    for route, fault in case.always.items():
        server.always(route, fault)
    value: Any = None
    error: BaseException | None = None
    started = time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(temporary_files_in(stage.temporary))
        if case.act.small_parts:
            stack.enter_context(small_parts())
        try:
            value = play(colour, server, lambda client: case.act.call(client, stage), tls=case.tls, **case.options)
        except Exception as raised:
            error = raised
    seconds = time.perf_counter() - started
    problems: list[str] = []

    def expect(holds: bool, otherwise: str) -> bool:
        if not holds:
            problems.append(otherwise)
        return holds

    hangs = isinstance(error, Hangs)
    foreign = error is not None and not hangs and not isinstance(error, TogetherError)
    expect(not hangs, "hangs")
    if not hangs:
        expect((still := server.settle()) == 0, f"{still} connections are open")
    expect(not (unused := server.unused()), f"faults that were not met: {unused}")
    expect(not (leaks := world.leaks()), f"leaks: {leaks}")
    new_jobs = set(world.jobs) - jobs_before
    wanted = case.jobs if case.jobs is not None else len(jobs_before) + (case.act.creates and case.raises is None)
    expect(len(world.jobs) == wanted, f"{len(world.jobs)} jobs in place of {wanted}")
    is_true = error is None and case.act.truth(stage, value)
    if case.raises is None:
        expect(error is None, f"raises {error!r}") and expect(is_true, f"returns what is not so: {value!r:.300}")
    else:
        if expect(error is not None, f"returns {value!r:.300}"):
            problems += _wrong_error(case.raises, error)
        kept = stage.target.read_bytes() if stage.target.exists() else None
        expect(kept == (OLD if stage.target in files_before else None), "the file at the path is not what it was")
    for route, count in case.requests.items():
        seen = world.requests if route == "*" else world.seen(route)
        expect(count == len(seen), f"{len(seen)} requests to {route} in place of {count}")
    if case.slept is not None:
        low, high = case.slept
        slept = sum(server.clock.sleeps)
        expect(low <= slept <= high, f"waited {slept} s in place of {low} to {high}")
    if case.holds is not None:
        expect(case.holds(stage), "what the case says of the world does not hold")
    known = {path.name for path in files_before} | ({stage.target.name} if error is None else set())
    leftovers = sorted(path.name for path in stage.folder.iterdir() if path.name not in known)
    leftovers += sorted(path.name for path in stage.temporary.iterdir())
    expect(not leftovers, f"files are left: {leftovers}")
    told = isinstance(error, CreateOutcomeUnknownError) and findable(server, colour, error, new_jobs)
    despite = error is not None and bool(new_jobs) and case.act.group == "create"
    return Verdict(
        case=case,
        colour=colour,
        seconds=seconds,
        succeeded=is_true,
        second_jobs=max(0, len(new_jobs) - 1),
        job_despite_error=despite,
        job_concealed=despite and not told,
        wrong_data=error is None and not is_true,
        foreign=foreign,
        hangs=hangs,
        leftovers=tuple(leftovers),
        problems=tuple(problems),
    )


def _wrong_error(right: Raises, error: BaseException | None) -> list[str]:
    if type(error) is not right.kind:
        return [f"raises {error!r} in place of {right.kind.__name__}"]
    problems = [
        f"{name} is {getattr(error, name)!r} in place of {value!r}"
        for name, value in right.having.items()
        if getattr(error, name) != value
    ]
    if not re.search(right.says, str(error)):
        problems.append(f"says {str(error)!r}, not {right.says!r}")
    shown = f"{error!s} {error!r} {getattr(error, 'body', '')!r}"
    problems += [f"shows {canary}: {shown}" for canary in (KEY, SIGNATURE) if canary in shown]
    again = pickle.loads(pickle.dumps(error))
    if (type(again), str(again)) != (type(error), str(error)):
        problems.append(f"pickles to {again!r}")
    return problems


def findable(server: FaultServer, colour: str, error: CreateOutcomeUnknownError, job_ids: set[str]) -> bool:
    """Whether the error's own attributes find the jobs that it says may exist, later and without faults."""
    behaviour = server.world.behaviour
    server.clock.sleep(behaviour.lag_seconds)
    behaviour.lag_lists = 0
    server.heal()
    found = play(
        colour,
        server,
        lambda client: client.batches.find(
            input_file_id=error.input_file_id, endpoint=error.endpoint, created_after=error.created_after
        ),
        tls=server.base_url.startswith("https"),
    )
    return job_ids <= {job.id for job in found}
