"""The vectors: read from their files, and made ready for one run by filling in what only a run knows."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FOLDER = HERE / "vectors"
KEY = "parity-key-4f1d0c"
DEFAULTS: dict[str, Any] = {"base_url": "{api}/v1", "api_key": "{key}", "max_retries": 2, "timeout_seconds": 5.0}
_BLANK = re.compile(r"\{(api|storage|key|folder|now)(?:([+-][0-9]+))?\}")

Vector = dict[str, Any]


def load(folder: Path = FOLDER) -> list[Vector]:
    """All vectors, file by file. Raises ValueError when two have one name."""
    found = [vector for path in sorted(folder.glob("*.json")) for vector in json.loads(path.read_text("utf-8"))]
    names = [vector["name"] for vector in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two vectors of one name: {', '.join(sorted(twice))}")
    return found


def filled(value: Any, known: dict[str, str]) -> Any:
    """A copy of a JSON value with `{api}`, `{storage}`, `{key}`, `{folder}`, `{now}` and `{now-60}` filled in."""
    if isinstance(value, str):
        return _BLANK.sub(lambda blank: _known(blank, known), value)
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, known) for name, item in value.items()}
    return value


def _known(blank: re.Match[str], known: dict[str, str]) -> str:
    if blank[1] != "now":
        return known[blank[1]]
    return datetime.fromtimestamp(time.time() + int(blank[2] or 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_files(vector: Vector, folder: Path) -> None:
    """Puts the files that a vector's call needs into a folder."""
    for name, content in vector.get("files", {}).items():
        (folder / name).write_bytes(_bytes(content))


def folder_problems(vector: Vector, folder: Path) -> list[str]:
    """What in the folder is not as the outcome says, after the call; nothing else may be there."""
    wanted = vector["outcome"].get("files")
    if wanted is None:
        return []
    there = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    found = [f"{name} should not be in the folder" for name in sorted(there.keys() - wanted.keys())]
    for name, content in wanted.items():
        if name not in there:
            found.append(f"{name} should be in the folder")
        elif there[name] != _bytes(content):
            found.append(f"{name} should hold {_bytes(content)[:80]!r}, holds {there[name][:80]!r}")
    return found


def _bytes(content: dict[str, str]) -> bytes:
    return content["text"].encode() if "text" in content else base64.b64decode(content["base64"])
