"""Play the whole matrix and the thousand runs of create, and print what came of them: `scripts/faults`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from faults.case import Verdict, judge
from faults.exactly_once import play_runs
from faults.matrix import CASES, GROUPS
from faults.server import FaultServer
from faults.stage import COLOURS
from faults.tls import contexts

COUNTS: tuple[tuple[str, Callable[[Verdict], int]], ...] = (
    ("second jobs", lambda v: v.second_jobs),
    ("error, job concealed", lambda v: v.job_concealed),
    ("wrong data", lambda v: v.wrong_data),
    ("foreign errors", lambda v: v.foreign),
    ("hangs", lambda v: v.hangs),
    ("leftovers", lambda v: bool(v.leftovers)),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="cases whose name holds this")
    parser.add_argument("--runs", type=int, default=1000, help="runs of create with random faults (default: 1000)")
    options = parser.parse_args()
    verdicts = play_matrix(options.only)
    print(table(verdicts))
    for verdict in verdicts:
        if verdict.problems:
            print(f"\n{verdict.case.id} ({verdict.colour})", *verdict.problems, sep="\n  ")
    accounts = [play_runs(options.runs, colour) for colour in COLOURS] if options.runs else []
    for account in accounts:
        print(account)
    is_well = not any(v.problems for v in verdicts) and all(account.is_well for account in accounts)
    return 0 if is_well else 1


def play_matrix(only: str = "") -> list[Verdict]:
    """Every case, in both colours."""
    verdicts: list[Verdict] = []
    with (
        FaultServer() as plain,
        FaultServer(tls=contexts()[0]) as secure,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number, case in enumerate(case for case in CASES if only in case.id):
            for colour in COLOURS:
                root = Path(folder) / f"{number}-{colour}"
                verdicts.append(judge(secure if case.tls else plain, case, colour, root))
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """The counts by group, as a table in Markdown."""
    heads = ("group", "cases", "could succeed, and did", "error, job told", *(name for name, _ in COUNTS), "slowest")
    rows = [heads, tuple("---" for _ in heads)]
    for group in (*GROUPS, "all"):
        of_group = [v for v in verdicts if group in ("all", v.case.act.group)]
        if of_group:
            rows.append((group, *_counts(of_group)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _counts(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    could = [v for v in verdicts if v.case.raises is None]
    did = sum(v.succeeded for v in could)
    slowest = max(verdicts, key=lambda v: v.seconds)
    counts = (str(sum(count(v) for v in verdicts)) for _, count in COUNTS)
    told = sum(v.job_despite_error and not v.job_concealed for v in verdicts)
    return (
        str(len(verdicts)),
        f"{did} of {len(could)}",
        str(told),
        *counts,
        f"{slowest.seconds:.2f} s, {slowest.case.id}",
    )


if __name__ == "__main__":
    sys.exit(main())
