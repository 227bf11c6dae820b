"""Says what a difference means: for the generated client, for users, and what to write to take upstream's side.

A difference is judged as a change from what we say to what upstream says. `breaking`: the service may refuse what our
client sends or send what it cannot read, or users' code would have to change. `widening`: something new that nobody
has to use. `harmless`: nobody notices.
"""

from __future__ import annotations

from dataclasses import dataclass

from .differ import Difference
from .node import Fact, Node

BREAKING, WIDENING, HARMLESS = VERDICTS = ("breaking", "widening", "harmless")
# Formats for which the generated client makes or reads something else than the plain type.
CONVERTED = {"date-time", "date", "time", "binary", "uuid"}


@dataclass(frozen=True)
class Judgement:
    """What a difference means and what to do about it."""

    verdict: str
    client: str
    users: str
    edit: str


def judge(one: Difference) -> Judgement:
    """Return what a difference means."""
    name = one.place.rsplit(" ", 1)[-1].rsplit(".", 1)[-1]
    if one.kind in ("operation", "parameter", "request", "response", "header", "field"):
        return _part(one, name)
    if one.kind == "value":
        return _value(one, name)
    if one.kind in ("type", "values", "nullable", "required", "bounds"):
        return _reach(one, name)
    if one.kind == "format":
        return _format(one, name)
    if one.kind == "media type":
        what = "sends" if one.way == "request" else "reads"
        return Judgement(
            BREAKING,
            f"it {what} {one.ours} only.",
            "calls may be refused." if one.way == "request" else "a reply of another type is not read.",
            f"name the media type {one.upstream}.",
        )
    if one.kind == "security":
        return Judgement(
            HARMLESS if not one.theirs else BREAKING,
            f"it sends what {one.ours} asks for.",
            "the key is sent although nobody asks." if not one.theirs else "calls are refused as unauthorized.",
            f"let the operation's security be {one.upstream}.",
        )
    if one.kind == "operationId":
        return Judgement(
            BREAKING, "its module has another name.", "imports of the low-level client fail.",
            f"none for a name alone; operationId {one.upstream} in a major version.",
        )  # fmt: skip
    if one.kind == "default":
        return Judgement(
            HARMLESS, f"what it sends without an argument: {one.ours}.", "what an unset argument means may differ.",
            _written("default", name, one),
        )  # fmt: skip
    return Judgement(HARMLESS, "no change.", f"{one.kind}: {one.upstream}.", f"say {one.kind}: {one.upstream}.")


def _part(one: Difference, name: str) -> Judgement:
    """Something only one side has."""
    new = one.mine is None
    node = one.theirs if isinstance(one.theirs, Node) else one.mine
    required = isinstance(node, Node) and bool(node.facts.get("required"))
    add, remove = f"add `{name}`: {one.upstream}.", f"remove `{name}`, or hold it with the source that shows it."
    if one.kind == "operation":
        if new:
            add = "add the operation, with an operationId, security and every status."
            return Judgement(WIDENING, "it has no function for it.", "they cannot call it.", add)
        client, users = "its function calls what upstream does not name.", "a call may end in 404."
        remove = "remove the operation, in a major version, or hold it with the source that shows it."
        return Judgement(BREAKING, client, users, remove)
    if one.kind == "response":
        if not new:
            return Judgement(HARMLESS, "it reads a status that upstream does not name.", "nothing changes.", remove)
        client = "it answers None instead of a value."
        if name[:1] in "23":
            return Judgement(BREAKING, client, "a success is not understood.", add)
        return Judgement(WIDENING, client, "the facade raises by the status alone.", add)
    if one.way == "request":
        if not new:
            client = f"it may send `{name}`, which upstream does not name."
            return Judgement(BREAKING, client, "what they set may be refused or ignored.", remove)
        users = "calls are refused without it." if required else "they cannot set it."
        return Judgement(BREAKING if required else WIDENING, f"it cannot send `{name}`.", users, add)
    if new:
        kept = f"`{name}` is kept among the additional properties, without a type."
        client = kept if one.kind == "field" else f"`{name}` is not read."
        return Judgement(WIDENING, client, "no attribute shows it.", add)
    if required:
        return Judgement(BREAKING, "it cannot read a reply without it.", "calls fail.", remove)
    client = f"`{name}` stays unset where it is not sent."
    return Judgement(HARMLESS, client, "they may wait for a value that never comes.", remove)


def _value(one: Difference, name: str) -> Judgement:
    """One value of an enumeration that only one side lists."""
    if one.mine is None:
        add = f"add {one.upstream} to the values of `{name}`."
        if one.way == "request":
            return Judgement(WIDENING, "it has no name for the value.", "they cannot send it by name.", add)
        return Judgement(WIDENING, "it keeps the value as one it does not know.", "it is unknown to their code.", add)
    remove = f"remove {one.ours} from the values of `{name}`, in a major version, or hold it."
    if one.way == "request":
        return Judgement(BREAKING, "it may send the value.", "a call with it may be refused.", remove)
    return Judgement(HARMLESS, "it knows a value that may never come.", "nothing changes.", remove)


def _reach(one: Difference, name: str) -> Judgement:
    """A fact by which one side allows more than the other: type, values, null, presence, bounds."""
    wider, narrower = _compare(one.kind, one.theirs, one.mine)
    edit = {
        "type": f"let the type of `{name}` be {one.upstream}.",
        "values": f"let `{name}` be {one.upstream}.",
        "nullable": f"say that `{name}` {one.upstream.replace('never null', 'is never null')}.",
        "required": f"make `{name}` {one.upstream}.",
        "bounds": _written("bounds", name, one),
    }[one.kind]
    if one.kind == "values" and one.way == "response":
        if wider:
            return Judgement(WIDENING, "it keeps other values as unknown.", "they may see values of no name.", edit)
        return Judgement(HARMLESS, "it reads any value.", "their types name no values.", edit)
    if one.way == "request":
        if wider and not narrower:
            return Judgement(WIDENING, "it sends less than upstream allows.", "they cannot say all there is.", edit)
        return Judgement(BREAKING, "it may send what upstream does not take.", "calls may be refused.", edit)
    if narrower and not wider:
        return Judgement(HARMLESS, "it reads more than upstream sends.", "their types are wider than need be.", edit)
    if one.kind == "bounds":
        return Judgement(HARMLESS, "it does not look at bounds of replies.", "nothing changes.", edit)
    trouble = {
        "type": "it may read a value of one type as another.",
        "nullable": "its types do not say that null may come.",
        "required": "it cannot read a reply without it.",
    }[one.kind]
    return Judgement(BREAKING, trouble, "values come that the types exclude, or calls fail.", edit)


def _compare(kind: str, theirs: Node | Fact, mine: Node | Fact) -> tuple[bool, bool]:
    """Return whether upstream allows what we do not, and whether we allow what upstream does not."""
    if kind in ("nullable", "required"):
        more = theirs if kind == "nullable" else not theirs
        return bool(more), not more
    if not isinstance(theirs, frozenset) or not isinstance(mine, frozenset):
        return not isinstance(theirs, frozenset), not isinstance(mine, frozenset)
    if kind == "bounds":
        return bool(mine - theirs), bool(theirs - mine)
    whole = {"integer", "number"}
    wide, own = (types | whole if "number" in types else types for types in (theirs, mine))
    return bool(wide - own), bool(own - wide)


def _written(what: str, name: str, one: Difference) -> str:
    return f"remove the {what} of `{name}`." if one.theirs is None else f"let the {what} of `{name}` be {one.upstream}."


def _format(one: Difference, name: str) -> Judgement:
    edit = _written("format", name, one)
    if one.way == "response" and one.mine in CONVERTED:
        return Judgement(BREAKING, f"it reads the value as {one.mine} and may fail.", "a value of another type.", edit)
    if one.way == "request" and CONVERTED & {one.theirs, one.mine}:
        return Judgement(BREAKING, "it may send a form that upstream does not take.", "calls may be refused.", edit)
    return Judgement(HARMLESS, "it takes the value as it comes.", "nothing changes.", edit)
