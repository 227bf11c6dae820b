"""Tells what changed between two versions of our contract, and which release the change asks for.

Redocly's differ rates what a change does to those who speak the protocol. Users of the generated client also hold to
names and types that the protocol does not care about: an argument that is gone, a value of an enumeration, a date that
was a string. Those are taken from our own comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparing.contract import contract, require_common_paths, templates
from comparing.differ import differences
from comparing.document import METHODS, UnusableDocument, read
from comparing.judge import CONVERTED

REDOCLY = Path(__file__).with_name("redocly") / "redocly"
BUMPS = ("major", "minor", "patch")


class DifferFailed(Exception):
    """The differ did not answer; the message says what it said."""


@dataclass(frozen=True)
class Change:
    """One change and the release that it asks for: major, minor or patch."""

    bump: str
    place: str
    what: str


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns 1 for a breaking change, 2 when the two cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="scripts/breaking",
        description="Tells the changes between two versions of openapi.yaml and the release they ask for. "
        "Exits with 1 when one of them is breaking, with 2 when the two cannot be compared.",
    )
    parser.add_argument("--differ", default=REDOCLY, help=argparse.SUPPRESS)
    parser.add_argument("old", type=Path, help="the contract of the last release")
    parser.add_argument("new", type=Path, help="the contract as it is now")
    options = parser.parse_args(arguments)
    try:
        version = str(read(options.old).root.get("info", {}).get("version", ""))
        changes = [*lost(options.old, options.new), *rated(options.differ, options.old, options.new)]
    except (UnusableDocument, DifferFailed) as error:
        print(f"breaking: {error}", file=sys.stderr)
        return 2
    changes.sort(key=lambda change: BUMPS.index(change.bump))
    for change in changes:
        print(f"{change.bump:6} {change.place}\n       {change.what}")
    bump = changes[0].bump if changes else ""
    count = f"{len(changes)} change{'s' if changes[1:] else ''}"
    print(f"{count}: {conclusion(bump, version)}" if changes else "no change: no release is needed")
    return 1 if bump == "major" else 0


def rated(differ: str, old: Path, new: Path) -> Iterator[Change]:
    """Yields the changes that the differ found, by its own rating."""
    command = [differ, "diff", str(old), str(new), "--format", "json", "--fail-on", "none"]
    done = subprocess.run(command, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False)
    try:
        changes = json.loads(done.stdout)["changes"]
    except (ValueError, KeyError, TypeError):
        said = f"{done.stdout}{done.stderr}".strip()
        raise DifferFailed(f"the differ ended with {done.returncode} and no report:\n{said}") from None
    for change in changes:
        bump, said = change["impact"], _said(change)
        rules = {verdict.get("ruleId") for verdict in change.get("verdicts") or []}
        if rules == {"enum-values-added"} and "/responses/" in change["path"]:
            bump, said = "minor", f"{said} The contract says that a reply may carry values it does not list."
        yield Change(bump, _readable(change["path"]), said)


def lost(old: Path, new: Path) -> Iterator[Change]:
    """Yields what code written to the generated client loses, in places where no protocol is broken."""
    before, after = read(old), read(new)
    known = templates(before)
    require_common_paths(after, known)
    seen = set[tuple[str, str]]()
    for one in differences(contract(after, known), contract(before, known)):
        if one.kind in ("field", "parameter", "value") and one.theirs is None:
            what = f"the generated client no longer names it: {one.ours}"
        elif one.kind == "format" and CONVERTED & {one.theirs, one.mine}:
            what = f"the generated client has another type for it: {one.ours}, then {one.upstream}"
        else:
            continue
        if (one.origin, what) not in seen:
            seen.add((one.origin, what))
            yield Change("major", one.place, what)


def conclusion(bump: str, version: str) -> str:
    """Returns which release the gravest change asks for, after a version with three numbers if it is one."""
    numbers = version.split(".")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        return f"a {bump} release"
    major, minor, patch = map(int, numbers)
    # Before 1.0.0 the second number counts breaking changes, and the third everything else.
    at = BUMPS.index(bump) if major else max(1, BUMPS.index(bump) + 1)
    after = {0: (major + 1, 0, 0), 1: (major, minor + 1, 0)}.get(at, (major, minor, patch + 1))
    return f"a {bump} release, {'.'.join(map(str, after))} after {version}"


def _readable(pointer: str) -> str:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("#/").split("/")]
    if parts[0] == "paths" and len(parts) > 2 and parts[2] in METHODS:
        return f"{parts[2].upper()} {parts[1]} {'/'.join(parts[3:])}".strip()
    return " ".join(parts[1:2]) if parts[0] == "paths" and len(parts) == 2 else "/".join(parts)


def _said(change: dict[str, Any]) -> str:
    messages = [verdict.get("message", "") for verdict in change.get("verdicts") or []]
    return " ".join(filter(None, messages)) or f"{change.get('kind', 'changed')} {change.get('property', '')}".strip()


if __name__ == "__main__":
    sys.exit(main())
