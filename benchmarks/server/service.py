"""What the server answers: a pure function of the request, with knobs in the base URL.

The base URL may begin with `/delay-20` (milliseconds before each answer), `/jobs-10000` (the length of the list of
jobs) and `/openai` (answers in the shape that OpenAI's client reads): one server then serves every case.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..data import jobs

_KNOB = re.compile(r"/(delay|jobs)-([0-9]+)|/(openai)(?=/)")
_REASONS = {200: "OK", 201: "Created", 302: "Found", 404: "Not Found", 405: "Method Not Allowed"}
_FILE = {"object": "file", "created_at": 1_790_000_000, "FileType": "jsonl", "Processed": True, "LineCount": 1}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole but for the content of a file, which is sent from where it lies."""

    data: bytes
    delay_seconds: float = 0.0
    content: Path | None = None


class Service:
    """The service over the files of one folder; a file's id is its name, and so is a job's: that of its output."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The size of what was uploaded last: contenders upload one after another.
        self._stored = 0
        self._answered: dict[tuple[str, str, str], Answer] = {}

    def answer(self, method: str, target: str, origin: str, body_size: int = 0) -> Answer:
        """The answer to a request; what was answered before is not worked out again."""
        if method == "PUT":
            self._stored = body_size
        elif target.endswith("/preprocess"):
            return self._new_answer(method, target, origin)
        key = (method, target, origin)
        if (known := self._answered.get(key)) is None:
            known = self._answered[key] = self._new_answer(method, target, origin)
        return known

    def _new_answer(self, method: str, target: str, origin: str) -> Answer:
        path, delay, length, is_openai = _knobs(target.partition("?")[0])
        match method, path.split("/"):
            case "POST", ["", "v1", "batches"]:
                job = jobs(1)[0] | {"id": "job-1"}
                return _json(200 if is_openai else 201, job if is_openai else {"job": job}, delay)
            case "GET", ["", "v1", "batches"]:
                return _json(200, jobs(length), delay)
            case "GET", ["", "v1", "batches", name]:
                return _json(200, jobs(1)[0] | {"id": name, "status": "COMPLETED", "output_file_id": name}, delay)
            case "POST", ["", "v1", "files"]:
                if is_openai:
                    return _json(200, _FILE | {"id": "new.jsonl", "bytes": 1, "filename": "new.jsonl"}, delay)
                start = path.removesuffix("/v1/files")
                headers = f"Location: {origin}{start}/v1/storage/new\r\nX-Together-File-Id: new.jsonl\r\n"
                return Answer(_head(302, 0, headers), delay)
            case "PUT", ["", "v1", "storage", _]:
                return Answer(_head(200, 0, 'ETag: "1"\r\n'), delay)
            case "POST", ["", "v1", "files", name, "preprocess"]:
                described = {"id": name, "filename": name, "bytes": self._stored, "purpose": "fine-tune"}
                return _json(200, _FILE | described, delay)
            case "GET", ["", "v1", "files", name, *rest] if (file := self._folder / name).is_file():
                size = file.stat().st_size
                if rest == ["content"]:
                    return Answer(_head(200, size, "Content-Type: application/octet-stream\r\n"), delay, file)
                described = {"id": name, "filename": name, "bytes": size, "purpose": "batch-generated"}
                return _json(200, _FILE | described, delay)
        return _json(404, {"error": {"message": f"no {method} {path} here", "type": None, "code": None}}, delay)


def _knobs(path: str) -> tuple[str, float, int, bool]:
    delay, length, is_openai = 0.0, 10, False
    while match := _KNOB.match(path):
        path = path[match.end() :]
        if match[3]:
            is_openai = True
        elif match[1] == "delay":
            delay = int(match[2]) / 1000
        else:
            length = int(match[2])
    return path, delay, length, is_openai


def _json(status: int, value: object, delay: float) -> Answer:
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(_head(status, len(body), "Content-Type: application/json\r\n") + body, delay)


def _head(status: int, size: int, headers: str) -> bytes:
    # As many headers as the service sends, and of that size; the date is of no day.
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nDate: Fri, 02 Jan 2026 10:00:00 GMT\r\nServer: benchmark\r\n"
        f"X-Request-Id: 8f9d1c2e5a7b4e00\r\n{headers}Content-Length: {size}\r\nConnection: keep-alive\r\n\r\n"
    ).encode()
