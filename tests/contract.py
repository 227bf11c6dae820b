"""The contract as the tests read it: its operations, the objects of its replies, and whole examples of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import yaml

from house import ROOT


@cache
def contract() -> Any:
    """openapi.yaml."""
    return yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))


class Operation(NamedTuple):
    """An operation of the contract."""

    id: str
    tag: str
    path: str
    method: str
    spec: Any


def operations() -> list[Operation]:
    """All operations, in the order of the contract."""
    return [
        Operation(spec.get("operationId", f"{method} {path}"), next(iter(spec.get("tags", [])), ""), path, method, spec)
        for path, item in contract()["paths"].items()
        for method, spec in item.items()
        if method != "parameters"
    ]


def resolve(node: Any) -> Any:
    """What a node says, or what it refers to says."""
    while "$ref" in node:
        target = contract()
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def json_replies(operation: Operation) -> Iterator[tuple[int, Any]]:
    """Each status of an operation that is answered in JSON, with the schema of the answer."""
    for status, answer in operation.spec["responses"].items():
        if media := resolve(answer).get("content", {}).get("application/json"):
            yield int(status), media["schema"]


def reply_schemas() -> set[str]:
    """The names of all object schemas that a reply may hold."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if (name := node.get("$ref", "").rpartition("/schemas/")[2]) and name not in found:
                if "properties" in resolve(node):
                    found.add(name)
                visit(resolve(node))
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    for operation in operations():
        for _, schema in json_replies(operation):
            visit(schema)
    return found


def whole(schema: Any) -> Any:
    """An example of `schema` with every field, those of inner objects too."""
    schema = resolve(schema)
    if "oneOf" in schema:
        return whole(schema["oneOf"][0])
    if "properties" in schema:
        return {name: whole(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        return [whole(schema["items"])]
    return schema["example"]
