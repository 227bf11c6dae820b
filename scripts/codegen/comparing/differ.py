"""Holds two contracts against each other and tells each fact in which they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .node import Fact, Node
from .words import body_words, node_words, say

WAYS = {"parameter": "request", "request": "request", "response": "response"}


@dataclass(frozen=True)
class Difference:
    """One fact in which upstream and ours differ; `theirs` and `mine` are the facts themselves, for judging."""

    place: str
    # request, response, or empty for what is neither.
    way: str
    # What kind of fact: operation, field, value, type, required, …
    kind: str
    upstream: str
    ours: str
    # Where it was written: the same difference in every use of one named schema is told once.
    origin: str
    theirs: Node | Fact
    mine: Node | Fact


def differences(upstream: Node, ours: Node, place: str = "", way: str = "") -> Iterator[Difference]:
    """Yield each difference, from the outside in; what only one side has is told once, not its parts."""
    way = WAYS.get(ours.kind, way)

    def told(kind: str, says: tuple[str, str], facts: tuple[Fact, Fact]) -> Difference:
        return Difference(place.strip(), way, kind, *says, ours.origin or upstream.origin, *facts)

    # Where one has a string and the other an object, nothing more is to be learnt.
    other = _disjoint(upstream.facts.get("type"), ours.facts.get("type"))
    for kind in ["type"] if other else sorted(upstream.facts.keys() | ours.facts.keys()):
        theirs, mine = upstream.facts.get(kind), ours.facts.get(kind)
        if theirs == mine or (kind == "operationId" and None in (theirs, mine)):
            continue
        if kind == "nullable" and None in (upstream.facts.get("type"), ours.facts.get("type")):
            continue  # Of what may be anything, only the type is news.
        if kind == "values" and isinstance(theirs, frozenset) and isinstance(mine, frozenset):
            for value in sorted(theirs ^ mine):
                if value in theirs:
                    yield told("value", (value, f"no {value}"), (value, None))
                else:
                    yield told("value", (f"no {value}", value), (None, value))
            continue
        yield told(kind, (say(kind, theirs), say(kind, mine)), (theirs, mine))
    if other:
        return
    yield from _bodies(upstream, ours, place, way)
    for key in [*ours.children, *(key for key in upstream.children if key not in ours.children)]:
        mine_too, theirs_too = ours.children.get(key), upstream.children.get(key)
        if mine_too and theirs_too:
            yield from differences(theirs_too, mine_too, place + key, way)
        elif some := mine_too or theirs_too:
            inner = WAYS.get(some.kind, way)
            says = (node_words(theirs_too, inner), node_words(mine_too, inner))
            where, origin = (place + key).strip(), f"{ours.origin}{key}"
            yield Difference(where, inner, some.kind, *says, origin, theirs_too, mine_too)


def _bodies(upstream: Node, ours: Node, place: str, way: str) -> Iterator[Difference]:
    """Bodies are held against each other in the media types that both have; else in the first that each has."""
    place, theirs, mine = f"{place} body", upstream.content, ours.content
    if theirs.keys() != mine.keys():
        sets = (frozenset(theirs), frozenset(mine))
        yield Difference(place.strip(), way, "media type", body_words(theirs), body_words(mine), "", *sets)
    shared = [media for media in mine if media in theirs]
    if shared:
        for media in shared:
            yield from differences(theirs[media], mine[media], f"{place}({media})" if shared[1:] else place, way)
    elif theirs and mine:
        yield from differences(next(iter(theirs.values())), next(iter(mine.values())), place, way)


def _disjoint(theirs: Fact, mine: Fact) -> bool:
    return isinstance(theirs, frozenset) and isinstance(mine, frozenset) and not theirs & mine
