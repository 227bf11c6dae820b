"""The one form that both documents are brought to: a tree of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Sets are unordered on purpose: the order of types, values or schemes means nothing. None stands for "not said".
Fact = str | bool | frozenset[str] | None


@dataclass(frozen=True)
class Node:
    """A part of a contract: an operation, a parameter, a response, a field, and what is said of it.

    The keys of `children` are pieces of text: those on the way to a node, put together, tell its place.
    """

    kind: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    children: Mapping[str, Node] = field(default_factory=dict)
    # Of a request or response: the schema of each media type.
    content: Mapping[str, Node] = field(default_factory=dict)
    # The named schema that a node was written in and the way from there: the same fact is told once for all its uses.
    origin: str = ""
