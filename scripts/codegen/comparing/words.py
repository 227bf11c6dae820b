"""Puts facts into the few words of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .node import Fact, Node


def say(kind: str, fact: Fact) -> str:
    """Return what a side says about one fact."""
    if isinstance(fact, frozenset):
        if kind == "values":
            return f"one of {', '.join(sorted(fact)) or 'nothing'}"
        return " or ".join(sorted(fact)) or ("nothing" if kind == "security" else "null")
    if kind == "required":
        return "required" if fact else "optional"
    if kind == "nullable":
        return "may be null" if fact else "never null"
    if kind == "deprecated":
        return "deprecated" if fact else "not deprecated"
    if fact is None:
        absent = {"type": "anything", "values": "any value", "format": "no format", "default": "no default"}
        return absent.get(kind, "not said")
    return str(fact)


def node_words(node: Node | None, way: str) -> str:
    """Return what a side says by having a part, or by not having it."""
    if node is None:
        return "absent"
    if node.kind in ("operation", "option"):
        return "present"
    if node.kind in ("request", "response"):
        words = [body_words(node.content)]
        if named := sorted({child.origin for child in node.content.values() if child.origin}):
            words.append(" or ".join(named))
        return ", ".join(words)
    words = [say("type", node.facts.get("type"))]
    if form := node.facts.get("format"):
        words.append(f"({form})")
    if node.facts.get("nullable") and node.facts.get("type"):
        words.append("or null")
    if node.facts.get("required") or way == "request":
        words.insert(0, say("required", node.facts.get("required")))
    return " ".join(words)


def body_words(content: Mapping[str, Node] | Iterable[str]) -> str:
    """Return the media types of a body."""
    return " or ".join(sorted(content)) or "no body"
