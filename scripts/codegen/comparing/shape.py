"""Brings a schema to the common form: references followed, unions with null and `allOf` dissolved, types as sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .document import Document
from .node import Fact, Node

# Two names of one thing; the second is the registered one.
FORMATS = {"float64": "double", "float32": "float"}
BOUNDS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def shape(document: Document, schema: Any, way: str, origin: str = "", above: tuple[str, ...] = ()) -> Node:
    """Return the form of a schema; `way` is request or response, `above` the references that it stands under."""
    if not isinstance(schema, Mapping):
        schema = {"not": {}} if schema is False else {}
    if isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        if reference in above:
            return _node({"type": frozenset({f"{reference.rsplit('/', 1)[-1]} again"})}, {}, origin)
        target, last = document.resolve({"$ref": reference})
        named = shape(document, target, way, last.rsplit("/", 1)[-1], (*above, reference))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _both([named, shape(document, beside, way, named.origin, above)]) if beside else named

    parts = [_plain(document, schema, way, origin, above)]
    parts += [shape(document, part, way, origin, above) for part in schema.get("allOf") or []]
    for union in ("oneOf", "anyOf"):
        if options := schema.get(union):
            parts.append(_either([shape(document, option, way, origin, above) for option in options], origin))
    whole = _both(parts)
    # A part may require fields that another part describes.
    required = {name for part in (schema, *(schema.get("allOf") or [])) for name in _required(part)}
    children = {
        key: with_facts(child, required=True) if key[1:] in required and key[0] == "." else child
        for key, child in whole.children.items()
    }
    return Node(whole.kind, whole.facts, children, origin=whole.origin)


def _required(part: Any) -> list[str]:
    return part.get("required") or [] if isinstance(part, Mapping) else []


def _plain(document: Document, schema: Mapping[str, Any], way: str, origin: str, above: tuple[str, ...]) -> Node:
    said = schema.get("type")
    types = {said} if isinstance(said, str) else set(said or [])
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    hidden = "readOnly" if way == "request" else "writeOnly"
    inner = {
        name: part
        for name, part in (schema.get("properties") or {}).items()
        if not (isinstance(part, Mapping) and part.get(hidden))
    }
    if not types and values:
        types = {"null" if value is None else TYPES.get(type(value), "string") for value in values}
    if not types and (inner or "required" in schema or "additionalProperties" in schema):
        types = {"object"}
    if not types and "items" in schema:
        types = {"array"}
    nullable = None if not types else bool("null" in types or schema.get("nullable") or None in (values or ()))
    facts: dict[str, Fact] = {"type": frozenset(types - {"null"}) or None, "nullable": nullable}
    if types == {"null"}:
        facts["type"] = frozenset()
    if form := schema.get("format"):
        facts["format"] = FORMATS.get(form, form)
    if values is not None:
        facts["values"] = frozenset(_text(value) for value in values if value is not None)
    if "default" in schema and way == "request":
        facts["default"] = _text(schema["default"])
    if bounds := [f"{name} {_text(schema[name])}" for name in BOUNDS if name in schema]:
        facts["bounds"] = frozenset(bounds)
    if schema.get("deprecated"):
        facts["deprecated"] = True

    children: dict[str, Node] = {}
    for name, part in inner.items():
        child = shape(document, part, way, f"{origin}.{name}", above)
        children[f".{name}"] = with_facts(child, required=False)
    others = schema.get("additionalProperties")
    if others is False:
        facts["other fields"] = "refused"
    elif isinstance(others, Mapping) and others:
        children[".*"] = shape(document, others, way, f"{origin}.*", above)
    if "array" in types:
        children["[]"] = shape(document, schema.get("items", {}), way, f"{origin}[]", above)
    return _node(facts, children, origin)


def _both(parts: Iterable[Node]) -> Node:
    """What holds where all parts hold: the narrower of two facts, the fields of all."""
    first, *rest = parts
    for part in rest:
        facts = dict(first.facts)
        for name, fact in part.facts.items():
            known = facts.get(name)
            if known is None:
                facts[name] = fact
            elif isinstance(known, frozenset) and isinstance(fact, frozenset):
                facts[name] = known | fact if name == "bounds" else known & fact
            elif name == "nullable" and fact is not None:
                facts[name] = bool(known and fact)
            elif name == "required":
                facts[name] = bool(known or fact)
            elif fact is not None:
                facts[name] = fact
        children = dict(first.children)
        for key, child in part.children.items():
            children[key] = _both([children[key], child]) if key in children else child
        first = _node(facts, children, part.origin if first.facts.get("type") is None else first.origin)
    return first


def _either(options: list[Node], origin: str) -> Node:
    """What holds where one option holds: null makes the rest nullable, plain options become one with several types."""
    some = [option for option in options if option.facts.get("type") != frozenset()]
    nullable = len(some) < len(options) or any(option.facts.get("nullable") for option in some)
    if not some:
        return options[0]
    if len(some) == 1:
        return with_facts(some[0], nullable=nullable)
    if all(not option.children for option in some):
        facts: dict[str, Fact] = {"nullable": nullable}
        types = [option.facts.get("type") for option in some]
        facts["type"] = None if None in types else _union(types)
        values = [option.facts.get("values") for option in some]
        if None not in values:
            facts["values"] = _union(values)
        formats = {option.facts.get("format") for option in some}
        if len(formats) == 1 and (form := formats.pop()):
            facts["format"] = form
        return _node(facts, {}, origin)
    ordered = sorted(some, key=lambda option: json.dumps(_picture(option)))
    children = {f" option {number}": option for number, option in enumerate(ordered, 1)}
    return _node({"type": None, "nullable": nullable}, children, origin)


def _union(facts: list[Fact]) -> frozenset[str]:
    return frozenset(item for fact in facts if isinstance(fact, frozenset) for item in fact)


def _picture(node: Node) -> Any:
    facts = {name: sorted(fact) if isinstance(fact, frozenset) else fact for name, fact in node.facts.items()}
    return [sorted(facts.items()), [[key, _picture(child)] for key, child in sorted(node.children.items())]]


def with_facts(node: Node, **facts: Fact) -> Node:
    """Return a node of which more is said."""
    return Node(node.kind, {**node.facts, **facts}, node.children, node.content, node.origin)


def _node(facts: Mapping[str, Fact], children: Mapping[str, Node], origin: str) -> Node:
    return Node("field", facts, children, origin=origin)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
