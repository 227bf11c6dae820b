"""Reads OpenAPI 3 documents and follows the references inside them; nothing outside a document is ever read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class UnusableDocument(Exception):
    """A document cannot be compared; the message says why and what to do."""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document and the name it goes by in reports."""

    name: str
    root: Mapping[str, Any]

    @property
    def paths(self) -> Mapping[str, Mapping[str, Any]]:
        """The path items, references followed."""
        return {str(path): self.resolve(item or {})[0] for path, item in (self.root.get("paths") or {}).items()}

    def resolve(self, value: Any) -> tuple[Any, str]:
        """Return what a value stands for and the reference that led there, empty without one."""
        reference, seen = "", set[str]()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen:
                raise UnusableDocument(f"{self.name}: {reference} leads to itself.")
            seen.add(reference)
            value = self._at(reference)
        return value, reference

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise UnusableDocument(f"{self.name}: {reference} is outside the document; bundle it into one file first.")
        value: Any = self.root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise UnusableDocument(f"{self.name}: {reference} leads nowhere.") from None
        return value


def read(path: Path) -> Document:
    """Read a document from a JSON or YAML file; raises UnusableDocument."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableDocument(f"{path}: cannot be read: {error}") from error
    try:
        root = json.loads(text) if path.suffix == ".json" else yaml.load(text, _loader())
    except (ValueError, yaml.YAMLError) as error:
        raise UnusableDocument(f"{path}: is neither JSON nor YAML: {error}") from error
    if not isinstance(root, Mapping) or not str(root.get("openapi", "")).startswith("3."):
        raise UnusableDocument(f"{path}: is no OpenAPI 3 document (`openapi: 3.…` is missing).")
    return Document(str(path), root)


def _loader() -> type[yaml.SafeLoader] | type[yaml.CSafeLoader]:
    """The fast loader where it was built in; both read alike."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
