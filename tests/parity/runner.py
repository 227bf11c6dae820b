"""Holds clients in any language to the vectors: plays the service for them and compares what they do."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity import matrix
from parity.comparing import judged
from parity.stage import Stage
from parity.testee import Entry, Testee, TesteeError, entries
from parity.vectors import DEFAULTS, KEY, Vector, filled, folder_problems, load, write_files

# How long a testee may take for a vector; none asks for more than 5 s of waiting.
VECTOR_SECONDS = 12.0
# Vectors spend their time waiting, so that more run side by side than there are cores.
SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Result:
    """What a testee did with a vector. `problems` is None where its surface does not cover it."""

    vector: Vector
    problems: tuple[str, ...] | None
    seen: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.problems == ()


@dataclass
class Report:
    """What a testee did with all vectors, or why it was not run."""

    entry: Entry
    version: str = ""
    skipped: str | None = None
    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.problems]


async def play(testee: Testee, vector: Vector, number: int) -> Result:
    """Has a testee carry out one vector's call against its script."""
    try:
        await testee.start()
    except TesteeError as error:
        return Result(vector, (str(error),))
    call = vector["call"]
    if call["operation"] not in testee.operations or not testee.features.issuperset(vector.get("needs", ())):
        return Result(vector, None)
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        write_files(vector, folder)
        stage = Stage([], KEY)
        known = {**stage.origins, "key": KEY, "folder": name}
        stage.exchanges = filled(vector["exchanges"], known)
        outcome: dict[str, Any] = filled(vector["outcome"], known)
        message = {
            "id": number,
            "operation": call["operation"],
            "arguments": filled(call.get("arguments", {}), known),
            "config": filled(DEFAULTS | call.get("config", {}), known),
        }
        await stage.open()
        try:
            answer = await testee.ask(message, VECTOR_SECONDS)
            verdict = judged(outcome, answer, KEY)
        except TesteeError as error:
            verdict = [str(error)]
        finally:
            await stage.close()
        problems = [*stage.problems, *verdict, *folder_problems(vector, folder)]
    return Result(vector, _lasting(problems, known), _lasting(stage.seen, known))


def _lasting(lines: Sequence[str], known: dict[str, str]) -> tuple[str, ...]:
    """What does not change from run to run: places by their names, not by this run's ports and folders."""
    text = "\0".join(lines)
    for name in ("api", "storage", "folder"):
        text = text.replace(known[name], f"{{{name}}}").replace(known[name].removeprefix("http://"), f"{{{name}}}")
    return tuple(text.split("\0")) if lines else ()


async def run(
    entry: Entry,
    vectors: Sequence[Vector],
    *,
    side_by_side: int = SIDE_BY_SIDE,
    environment: dict[str, str] | None = None,
    until_failure: bool = False,
) -> Report:
    """Holds one testee to vectors, several at a time, each in the process that is free."""
    report = Report(entry, skipped=entry.missing())
    if report.skipped is not None:
        return report
    began = time.monotonic()
    results: dict[int, Result] = {}
    waiting = list(enumerate(vectors))[::-1]

    async def work() -> None:
        testee = Testee(entry, environment or {})
        try:
            while waiting and not (until_failure and any(result.problems for result in results.values())):
                number, vector = waiting.pop()
                results[number] = await play(testee, vector, number)
                report.version = testee.version
        finally:
            await testee.stop()

    await asyncio.gather(*(work() for _ in range(min(side_by_side, len(vectors)))))
    report.results = [results[number] for number in sorted(results)]
    report.seconds = time.monotonic() - began
    return report


async def run_all(chosen: Sequence[Entry], vectors: Sequence[Vector], at_once: int = 3) -> list[Report]:
    """Holds several testees to all vectors, some of them at a time."""
    room = asyncio.Semaphore(at_once)

    async def one(entry: Entry) -> Report:
        async with room:
            report = await run(entry, vectors)
        print(f"parity: {matrix.summary(report)}", file=sys.stderr)
        return report

    return list(await asyncio.gather(*(one(entry) for entry in chosen)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 when every judged testee that ran passed, 1 otherwise, 2 for a wrong name."""
    parser = argparse.ArgumentParser(prog="scripts/parity", description=__doc__)
    parser.add_argument("testees", nargs="*", metavar="TESTEE", help="those to run, by name; all without any")
    parser.add_argument("--command", help="a testee of your own: what starts it, here")
    parser.add_argument("--only", default="", metavar="TEXT", help="only vectors with this in their area or name")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where to write the report; nowhere without")
    parser.add_argument("--verbose", action="store_true", help="print each failing vector, with what was sent")
    options = parser.parse_args(arguments)
    # Where only the vectors and the runner are, as in the archive, no testees are known.
    known = {} if options.command else {entry.name: entry for entry in entries()}
    if wrong := [name for name in options.testees if name not in known]:
        print(f"parity: no testee {', '.join(wrong)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if options.command:
        chosen = [Entry("yours", tuple(options.command.split()))]
    else:
        chosen = [known[name] for name in options.testees or known]
    vectors = [vector for vector in load() if options.only in f"{vector['area']}/{vector['name']}"]
    if not vectors:
        print(f"parity: no vector has {options.only!r} in its area or name", file=sys.stderr)
        return 2
    began = time.monotonic()
    reports = asyncio.run(run_all(chosen, vectors))
    print(matrix.table(reports, vectors))
    print(f"{len(vectors)} vectors, {time.monotonic() - began:.0f} s")
    for report in reports:
        if report.skipped:
            print(f"skipped: {report.entry.name}: {report.skipped}")
        if options.verbose:
            print(matrix.failures(report), end="")
    if options.report:
        options.report.write_text(matrix.page(reports, vectors), "utf-8")
        print(f"{options.report} tells each failing vector")
    return 1 if any(report.failed for report in reports if report.entry.judged) else 0


if __name__ == "__main__":
    sys.exit(main())
