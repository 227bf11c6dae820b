"""Brings the /files and /batches part of a document to the common form: operations with what goes in and comes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .document import METHODS, Document, UnusableDocument
from .node import Node
from .shape import shape, with_facts

AREAS = ("files", "batches")


def templates(document: Document) -> dict[str, str]:
    """Return the paths of the part by their form: what a path parameter is called means nothing to the service."""
    return {_form(path): path for path in document.paths if path.strip("/").split("/")[0] in AREAS}


def contract(document: Document, known: Mapping[str, str], prefix: str = "") -> Node:
    """Return the part of a document that is about the known paths (see `templates`) or stands beside them.

    A `prefix` is taken from the document's paths first; paths without it are left out.
    """
    operations: dict[str, Node] = {}
    for path, item in document.paths.items():
        if not path.startswith(prefix):
            continue
        form = _form(path.removeprefix(prefix))
        moved = any(form.endswith(one) for one in known)
        if not moved and form.strip("/").split("/")[0] not in AREAS:
            continue
        shown = known.get(form, path.removeprefix(prefix))
        names = dict(zip(re.findall(r"\{(.*?)\}", path), re.findall(r"\{(.*?)\}", shown), strict=True))
        for method in METHODS:
            if isinstance(item.get(method), Mapping):
                operations[f"{method.upper()} {shown}"] = _operation(document, item, item[method], names)
    return Node("contract", children=operations)


def require_common_paths(upstream: Document, known: Mapping[str, str], prefix: str = "") -> None:
    """Raise UnusableDocument when two documents share no path: an empty report would look like agreement."""
    theirs = {_form(path.removeprefix(prefix)) for path in upstream.paths if path.startswith(prefix)}
    if theirs & set(known):
        return
    hint = "Is it the document of this API?"
    if found := _prefix(theirs, known):
        servers = ", ".join(str(server.get("url")) for server in upstream.root.get("servers") or [])
        hint = (
            f"{found[1]} of its paths are ours under {found[0]}: compare with `--prefix {found[0]}`, and see whether"
            f" its servers ({servers or 'none named'}) and ours still make the same addresses."
        )
    raise UnusableDocument(f"{upstream.name}: no path in common. {hint}")


def _prefix(theirs: Iterable[str], known: Iterable[str]) -> tuple[str, int] | None:
    found = Counter(form[: -len(one)] for form in theirs for one in known if form.endswith(one))
    return max(found.items(), key=lambda item: (item[1], len(item[0]))) if found else None


def _form(path: str) -> str:
    return re.sub(r"\{.*?\}", "{}", path)


def _operation(document: Document, item: Mapping[str, Any], said: Mapping[str, Any], names: Mapping[str, str]) -> Node:
    children: dict[str, Node] = {}
    # Those of the operation come last: they replace those of the path.
    for one in [*(item.get("parameters") or []), *(said.get("parameters") or [])]:
        parameter, _ = document.resolve(one)
        place, name = parameter.get("in"), parameter.get("name")
        node = shape(document, _schema(parameter), "request")
        node = with_facts(node, required=bool(parameter.get("required")))
        children[f" {place} {names.get(name, name) if place == 'path' else name}"] = _as("parameter", node)
    if "requestBody" in said:
        body, _ = document.resolve(said["requestBody"])
        facts = {"required": bool(body.get("required"))}
        children[" request"] = Node("request", facts, content=_content(document, body, "request"))
    for status, one in (said.get("responses") or {}).items():
        response, _ = document.resolve(one)
        headers = {}
        for name, two in (response.get("headers") or {}).items():
            header, _ = document.resolve(two)
            node = with_facts(shape(document, _schema(header), "response"), required=bool(header.get("required")))
            headers[f" header {name.title()}"] = _as("header", node)
        children[f" {status}"] = Node("response", {}, headers, _content(document, response, "response"))
    return Node("operation", {"security": _security(document, said), "operationId": said.get("operationId")}, children)


def _content(document: Document, holder: Mapping[str, Any], way: str) -> dict[str, Node]:
    content = holder.get("content") or {}
    return {
        media.split(";")[0].strip().lower(): shape(document, (said or {}).get("schema", {}), way)
        for media, said in content.items()
    }


def _schema(holder: Mapping[str, Any]) -> Any:
    """The schema of a parameter or header: said directly, or under a media type."""
    if "schema" in holder:
        return holder["schema"]
    said: Any = next(iter((holder.get("content") or {}).values()), {})
    return said.get("schema", {})


def _as(kind: str, node: Node) -> Node:
    return Node(kind, node.facts, node.children, node.content, node.origin)


def _security(document: Document, said: Mapping[str, Any]) -> frozenset[str]:
    """The ways to prove who calls, by what they are and not what they are called; none where anybody may."""
    schemes = (document.root.get("components") or {}).get("securitySchemes") or {}

    def meaning(name: str) -> str:
        scheme, _ = document.resolve(schemes.get(name) or {"type": f"unknown {name}"})
        parts = [scheme.get(key) for key in ("type", "scheme", "in", "name")]
        return " ".join(str(part).lower() for part in parts if part)

    required = said.get("security", document.root.get("security")) or []
    return frozenset(" and ".join(sorted(map(meaning, one))) or "nothing" for one in required)
