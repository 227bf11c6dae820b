"""Measures this client side by side with what a user would pick instead, and with the floor."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from . import environments, gate
from .areas import AREAS
from .contestants import CONTENDERS
from .page import chart, page, section
from .results import Results, load
from .runner import Plan, run_area
from .stage import Stage, opened
from .targets import Verdict, judge, needed, proofs
from .targets import load as load_targets

ROUNDS, QUICK_ROUNDS = 5, 3
PAGE = environments.ROOT / "docs/performance.md"
CHARTS = environments.ROOT / "docs/performance"
RESULTS = CHARTS / "results.json"
# The clients that a raw socket is compared with where calls are made; http.client is a floor itself.
CALLERS = [name for name, contender in CONTENDERS.items() if contender.kind != "floor"] + ["httpx", "aiohttp"]


def say(text: str) -> None:
    """Tells how it goes."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status: 1 where the gate found something worse, 2 for a wrong argument."""
    given = _arguments(words)
    if given.render:
        write(load(RESULTS))
        return 0
    if given.install:
        environments.install(say)
    if why := environments.missing().get("ours"):
        say(f"there is nothing to measure: the environment of this client is {why}")
        return 2
    is_quick = given.quick or given.record or given.gate is not None
    names = given.areas or [area.name for area in AREAS]
    begun = time.monotonic()
    with opened() as stage:
        results = run(names, stage, quick=is_quick, rounds=given.rounds)
        verdicts = judge(load_targets(), results)
        for area in AREAS:
            if area.name in results.areas:
                print(section(area, results.areas[area.name], verdicts), flush=True)
        _tell_proofs(results)
        worse = gate.worse(gate.watched(load_targets(), results), given.gate) if given.gate else []
        if worse:
            # One bad moment of the machine is not a change: what got worse has to be so twice.
            say(f"measuring again: {', '.join(change.key for change in worse)}")
            again = run({change.area for change in worse}, stage, quick=True, rounds=given.rounds)
            still = {change.key for change in gate.worse(gate.watched(load_targets(), again), given.gate)}
            worse = [change for change in worse if change.key in still]
    if given.record:
        gate.record(gate.watched(load_targets(), results))
        say(f"recorded the ratios in {gate.FILE.name}")
    if given.write or not (given.areas or is_quick):
        write(_merged(results))
    _tell_targets(verdicts)
    say(f"done in {time.monotonic() - begun:.0f} s")
    for change in worse:
        say(f"worse: {change}")
    return 1 if worse else 0


def run(names: Collection[str], stage: Stage, *, quick: bool, rounds: int | None) -> Results:
    """Measures the areas that are named, in their order."""
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    missing = environments.missing()
    for name, why in missing.items():
        say(f"left out {name}: {why}")
    if quick:
        say("a quick run: small sizes, and only those that a target names")
    plan = Plan(rounds, missing, quick, needed(load_targets()))
    mode = "quick" if quick else "full"
    results = Results(mode, rounds, environments.machine(stage.files), environments.versions(), missing)
    for area in AREAS:
        if area.name in names:
            results.areas[area.name] = run_area(area, stage, plan, say)
    return results


def write(results: Results) -> None:
    """Writes the page, its charts and the figures behind them."""
    verdicts = judge(load_targets(), results)
    results.save(RESULTS)
    for area in AREAS:
        if cases := results.areas.get(area.name):
            (CHARTS / f"{area.name}.svg").write_text(chart(area, cases), encoding="utf-8")
    PAGE.write_text(page(results, AREAS, verdicts, proofs(results, CALLERS)), encoding="utf-8")
    say("wrote docs/performance.md")


def _merged(results: Results) -> Results:
    """With the areas of an earlier run of the same kind that were not measured now."""
    if RESULTS.exists():
        earlier = load(RESULTS)
        if (earlier.mode, earlier.machine) == (results.mode, results.machine):
            results.areas = earlier.areas | results.areas
    return results


def _tell_targets(verdicts: Sequence[Verdict]) -> None:
    met = sum(verdict.met is True for verdict in verdicts)
    missed = [verdict for verdict in verdicts if verdict.met is False]
    say(f"targets: {met} met, {len(missed)} missed, {len(verdicts) - met - len(missed)} not measured")
    for verdict in missed:
        say(f"missed: {verdict.target.key}: {verdict.measured:.3g}")


def _tell_proofs(results: Results) -> None:
    for proof in proofs(results, CALLERS):
        say(
            f"the server, {proof.area}, {proof.case}: raw socket {proof.raw:,.0f} {proof.unit}, fastest client "
            f"{proof.fastest:,.0f} ({proof.who}): {'holds' if proof.holds else 'DOES NOT HOLD'}"
        )


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    names = [area.name for area in AREAS]
    parser.add_argument(
        "areas",
        nargs="*",
        metavar="AREA",
        help=f"of {', '.join(names)}; without any, all of them",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, three rounds, the fewest contenders")
    parser.add_argument("--rounds", type=int, metavar="N", help="how many; five, and three in a quick run")
    parser.add_argument("--install", action="store_true", help="make the environments that are not there first")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md with what was measured")
    parser.add_argument("--render", action="store_true", help="write it again from the figures it was written with")
    parser.add_argument("--record", action="store_true", help="a quick run whose ratios the gate compares with later")
    parser.add_argument(
        "--gate",
        type=Path,
        nargs="?",
        const=gate.FILE,
        metavar="FILE",
        help="a quick run, compared with the recorded ratios; exit status 1 where one got worse",
    )
    given = parser.parse_args(words)
    for name in given.areas:
        if name not in names:
            parser.error(f"no area is called {name}; there are {', '.join(names)}")
    if given.gate and not given.gate.is_file():
        parser.error(f"there is no {given.gate}")
    return given


if __name__ == "__main__":
    # Asked to end, it clears up first: large files may be in memory.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
