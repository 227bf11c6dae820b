"""Compares the /files and /batches part of an upstream document with our contract, by what the two mean."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from comparing.accepted import Accepted, as_of, date_of, read_accepted
from comparing.contract import contract, require_common_paths, templates
from comparing.differ import Difference, differences
from comparing.document import Document, UnusableDocument, read
from comparing.judge import judge
from comparing.report import Comparison, Finding, as_json, as_markdown, as_text

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns 0 when nothing is unexplained, 1 otherwise, 2 when the two cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="scripts/compare-spec",
        description="Compares the /files and /batches part of an upstream OpenAPI document with ours, by meaning. "
        "Exits with 0 when every difference is held on purpose, with 1 when one is not or an accepted one is gone, "
        "with 2 when the two cannot be compared.",
    )
    parser.add_argument("upstream", type=Path, help="the document: JSON or YAML, the whole API or a part")
    parser.add_argument("--ours", type=Path, default=ROOT / "openapi.yaml", help="our contract (openapi.yaml)")
    parser.add_argument("--accepted", type=Path, default=ROOT / "scripts/codegen/accepted.toml",
                        help="the differences held on purpose (scripts/codegen/accepted.toml)")  # fmt: skip
    parser.add_argument("--prefix", default="", help="what upstream puts before every path, such as /v1")
    parser.add_argument("--as-of", metavar="DATE", help="accept what was held when the document of DATE was the newest")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", dest="write", action="store_const", const=as_json, help="every place, for a program")
    form.add_argument("--markdown", dest="write", action="store_const", const=as_markdown, help="for a page")
    options = parser.parse_args(arguments)
    try:
        entries = read_accepted(options.accepted)
        if options.as_of:
            entries = as_of(entries, options.as_of)
        result = compare(read(options.upstream), read(options.ours), entries, options.prefix.rstrip("/"))
    except UnusableDocument as error:
        print(f"compare-spec: {error}", file=sys.stderr)
        return 2
    print((options.write or as_text)(result))
    return 0 if result.is_clean else 1


def compare(upstream: Document, ours: Document, accepted: Iterable[Accepted], prefix: str = "") -> Comparison:
    """Return all that two documents differ in; raises UnusableDocument when they have no path in common."""
    known = templates(ours)
    require_common_paths(upstream, known, prefix)
    theirs, mine = contract(upstream, known, prefix), contract(ours, known)
    date = date_of(upstream.name)
    entries = [entry for entry in accepted if entry.is_about(date)]
    found = list(differences(theirs, mine))
    stale = tuple(entry for entry in entries if not any(entry.matches(one) for one in found))
    common = len(theirs.children.keys() & mine.children.keys())
    return Comparison(Path(upstream.name).name, Path(ours.name).name, common, _grouped(found, entries), stale)


def _grouped(found: Iterable[Difference], entries: Iterable[Accepted]) -> tuple[Finding, ...]:
    """Tells the same difference in every use of one part of the contract once."""
    entries = list(entries)
    groups: dict[object, list[tuple[Difference, Accepted | None]]] = {}
    for one in found:
        entry = next((entry for entry in entries if entry.matches(one)), None)
        last = one.place.rsplit(" ", 1)[-1].rsplit(".", 1)[-1]
        key = (one.kind, one.way, one.origin, last, one.upstream, one.ours, entry)
        groups.setdefault(one.place if one.kind == "operation" else key, []).append((one, entry))
    return tuple(
        Finding(group[0][0], tuple(one.place for one, _ in group), judge(group[0][0]), group[0][1])
        for group in groups.values()
    )


if __name__ == "__main__":
    sys.exit(main())
