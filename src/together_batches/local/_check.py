"""The rules for a request file. One broken line fails the whole job, and the job's `error` names the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from attrs import frozen

from . import _json
from ._backend import AUDIO

# The documented limits.
MAX_REQUESTS = 50_000
MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_LINE_BYTES = 10 * 1024 * 1024
MAX_ID_CHARACTERS = 64


class BrokenFile(Exception):
    """The input of a job cannot be used; the message becomes the `error` of the job."""


@frozen
class RequestLine:
    """One line of a request file."""

    custom_id: str
    body: dict[str, Any]

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.body["model"])


@frozen
class CheckedFile:
    """What is known of a request file that keeps the rules."""

    requests: int
    model: str | None
    """The one model that all lines name, if they do."""


def check_file(file: IO[bytes], endpoint: str) -> CheckedFile:
    """Reads a request file to its end. Raises BrokenFile."""
    first_use: dict[str, int] = {}
    models: set[str] = set()
    for number, line in enumerate(read_lines(file, endpoint), 1):
        if number > MAX_REQUESTS:
            raise BrokenFile(f"line {number}: a file may hold {MAX_REQUESTS} requests")
        if (before := first_use.setdefault(line.custom_id, number)) != number:
            raise BrokenFile(f"line {number}: the custom_id of line {before} is used again")
        if len(models) < 2:
            models.add(line.model)
    if not first_use:
        raise BrokenFile("the input file is empty")
    return CheckedFile(len(first_use), models.pop() if len(models) == 1 else None)


def read_lines(file: IO[bytes], endpoint: str) -> Iterator[RequestLine]:
    """The lines of a request file, one at a time. Raises BrokenFile."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            raise BrokenFile(f"line {number}: longer than {MAX_LINE_BYTES} bytes")
        try:
            yield _line(raw, endpoint)
        except ValueError as error:
            raise BrokenFile(f"line {number}: {error}") from error


def _line(raw: bytes, endpoint: str) -> RequestLine:
    try:
        value = _json.loads(raw)
    except ValueError as error:
        raise ValueError("not valid JSON") from error
    if not _json.is_object(value):
        raise ValueError("not a JSON object")
    custom_id, body = value.get("custom_id"), value.get("body")
    if not isinstance(custom_id, str) or not custom_id:
        raise ValueError("custom_id must be a text that is not empty")
    if len(custom_id) > MAX_ID_CHARACTERS:
        raise ValueError(f"custom_id has more than {MAX_ID_CHARACTERS} characters")
    if not _json.is_unicode(custom_id):
        raise ValueError("custom_id is not valid Unicode")
    if not _json.is_object(body):
        raise ValueError("body must be an object")
    line = RequestLine(custom_id, body)
    model = line.body.get("model")
    if not isinstance(model, str) or not model or not _json.is_unicode(model):
        raise ValueError("body.model must name a model")
    if endpoint in AUDIO:
        if value.get("method") != "FILE":
            raise ValueError('method must be "FILE" for audio')
        if not isinstance(line.body.get("file"), str):
            raise ValueError("body.file must be the URL of the audio")
    return line
