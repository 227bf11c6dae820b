"""Runs the contenders of a case side by side: A B C, A B C, each in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .areas import GIVEN, Area, Case, Entry
from .contestants import CONTENDERS
from .environments import python_of
from .fresh import PROGRAMS
from .results import CaseResult
from .stage import Stage

CONTENDERS_FOLDER = Path(__file__).parent / "contenders"
# A contender that takes longer for one task is left out.
PATIENCE_SECONDS = 180.0

Say = Callable[[str], None]


class LeftOut(Exception):
    """A contender has nothing to show for a task; the message says why."""


@dataclass(frozen=True)
class Plan:
    """How often, and who: `missing` are environments that are not there, each with what to do.

    A quick run has smaller sizes, and of all who could take part only the ones in `needed`, by area, case and name.
    """

    rounds: int
    missing: Mapping[str, str]
    quick: bool = False
    needed: frozenset[tuple[str, str, str]] = frozenset()

    def entries(self, area: Area, case: Case) -> list[Entry]:
        """Who shall take part."""
        return [entry for entry in case.entries if not self.quick or (area.name, case.name, entry.name) in self.needed]


def run_area(area: Area, stage: Stage, plan: Plan, say: Say) -> dict[str, CaseResult]:
    """Every case of an area, in as many rounds."""
    found: dict[str, CaseResult] = {}
    for case in area.cases:
        if plan.quick and case.quick is None:
            continue
        given = case.given | (case.quick or {}) if plan.quick else case.given
        begun = time.monotonic()
        found[case.name] = run_case(case, plan.entries(area, case), given, stage, plan)
        say(f"{area.name}: {case.name}, {time.monotonic() - begun:.0f} s")
        for entry, why in found[case.name].left_out.items():
            say(f"{area.name}: {case.name}: left out {entry}: {why}")
    stage.clear()
    return found


def run_case(case: Case, entries: Sequence[Entry], given: GIVEN, stage: Stage, plan: Plan) -> CaseResult:
    """The rounds of one case. What cannot take part is left out, and the others go on."""
    result = CaseResult()
    able: list[Entry] = []
    for entry in entries:
        environment = CONTENDERS[entry.contender].environment
        if environment in plan.missing:
            result.leave_out(entry.name, plan.missing[environment])
        else:
            able.append(entry)
    if case.task == "list":
        _make_the_list(stage.origins[case.front], case.knobs)
    is_fresh = case.task in PROGRAMS
    # The first start of a program reads it from the disk and compiles it.
    for number in range(-1 if is_fresh else 0, plan.rounds):
        for entry in [*able]:
            try:
                sample = _fresh(case, entry, stage) if is_fresh else _measured(case, entry, given, stage)
            except LeftOut as why:
                result.leave_out(entry.name, str(why))
                able.remove(entry)
            else:
                if number >= 0:
                    result.add(entry.name, sample)
    return result


def _make_the_list(origin: str, knobs: str) -> None:
    """Has the server make the jobs that it is going to list, or the first who asks would wait for that."""
    with closing(http.client.HTTPConnection(origin.partition("://")[2])) as connection:
        connection.request("GET", f"{knobs}/v1/batches")
        connection.getresponse().read()


def _measured(case: Case, entry: Entry, given: GIVEN, stage: Stage) -> dict[str, float]:
    """One sample that a contender takes of itself."""
    contender = CONTENDERS[entry.contender]
    output = stage.folder / "output-rows.jsonl"
    arguments = _arguments(case, entry, given | entry.given, stage) | contender.given | {"output": str(output)}
    words = [f"{key}={value}" for key, value in arguments.items()]
    command = [python_of(contender.environment), CONTENDERS_FOLDER / contender.program, entry.task or case.task, *words]
    try:
        done = subprocess.run(
            [*map(str, command)],
            capture_output=True,
            text=True,
            env=stage.variables(tls="TLS" in case.front),
            cwd=stage.folder,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise LeftOut(f"not done after {PATIENCE_SECONDS:.0f} s") from None
    finally:
        output.unlink(missing_ok=True)
    try:
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise LeftOut(f"failed: {_last_line(done.stderr)}") from None
    if "left_out" in told:
        raise LeftOut(str(told["left_out"]))
    return told


def _arguments(case: Case, entry: Entry, given: GIVEN, stage: Stage) -> GIVEN:
    """What a task is given: the sizes, where the server is, and the files that it needs."""
    found = dict(given)
    if case.front:
        knobs = "/openai" if entry.contender == "openai-3" else ""
        found["url"] = stage.origins[case.front] + case.knobs + knobs
    match case.task:
        case "upload":
            found["path"] = str(stage.large_file(int(given["size"])))
        case "download":
            found["file"] = stage.large_file(int(given["size"])).name
        case "check" | "join" | "collect":
            count, line = int(given["count"]), int(given["line"])
            requests = stage.requests(count, line)
            found |= {"path": str(requests), "size": requests.stat().st_size}
            if case.task != "check":
                answers = stage.answers(count, line)
                found |= {"answers": str(answers), "file": answers.name}
    return found


def _fresh(case: Case, entry: Entry, stage: Stage) -> dict[str, float]:
    """One sample of a whole process, from outside."""
    program = PROGRAMS[case.task][entry.contender]
    python = str(python_of(CONTENDERS[entry.contender].environment))
    url = stage.origins[case.front] if case.front else ""
    reader, writer = os.pipe()
    begun = time.monotonic_ns()
    pid = os.posix_spawn(
        python,
        [python, "-c", program, url],
        stage.variables(tls="TLS" in case.front),
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)],
    )
    os.close(writer)
    alarm = threading.Timer(PATIENCE_SECONDS, os.kill, (pid, signal.SIGKILL))
    alarm.start()
    with os.fdopen(reader) as file:
        said = file.read()
    _, status, used = os.wait4(pid, 0)
    ended = time.monotonic_ns()
    alarm.cancel()
    if status:
        raise LeftOut(f"failed: {_last_line(said)}")
    answered = int(said) if said.strip().isdigit() else ended
    return {"ms": (answered - begun) / 1e6, "cpu_ms": (used.ru_utime + used.ru_stime) * 1e3}


def _last_line(text: str) -> str:
    lines: Iterable[str] = (line.strip() for line in reversed(text.splitlines()))
    return next((line[:200] for line in lines if line), "it said nothing")
