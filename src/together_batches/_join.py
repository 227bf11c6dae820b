"""Answers beside their questions: result rows joined to the request file by `custom_id`, in the order of the file.

Memory holds one number for each answer (where its line begins), never an answer.
What was sent and what came back are copied byte for byte, so that no number changes its digits on the way.
Nothing that came is dropped: a row that belongs to no request, a second row for one, and a row that cannot be read
stand at the end of the output and are counted as unmatched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from attrs import define, field

from ._json import as_array, as_object
from ._jsonl import read_result
from ._models import BatchResult, Usage
from ._sink import Spool
from ._source import Source

_NULL = msgspec.Raw(b"null")


class _Question(msgspec.Struct):
    custom_id: str
    body: msgspec.Raw = _NULL


class _Identity(msgspec.Struct):
    custom_id: str


class _Response(msgspec.Struct):
    body: msgspec.Raw = _NULL


class _Answer(msgspec.Struct):
    response: _Response | None = None


class _Error(msgspec.Struct):
    code: str | None
    message: str


class _Row(msgspec.Struct):
    custom_id: str | None
    status_code: int | None
    response: msgspec.Raw
    error: _Error | None


class _JoinedRow(msgspec.Struct):
    custom_id: str | None
    request: msgspec.Raw
    status_code: int | None
    response: msgspec.Raw
    error: _Error | None


_question = msgspec.json.Decoder(_Question)
_identity = msgspec.json.Decoder(_Identity)
_answer = msgspec.json.Decoder(_Answer)
_encoder = msgspec.json.Encoder()


@define
class Tally:
    """The account of a join: every request is answered, failed or missing, every row matched or not."""

    requests: int | None = None
    answered: int = 0
    failed: Counter[str] = field(factory=Counter[str])
    missing: int = 0
    unmatched: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0

    def count(self, result: BatchResult) -> None:
        if result.ok:
            self.answered += 1
        else:
            self.failed[(result.error.code if result.error else None) or "unknown"] += 1
        if usage := result.usage:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            self.total_tokens += usage.total_tokens

    def usage(self) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            total_tokens=self.total_tokens,
        )


def copied(spools: Sequence[Spool], tally: Tally) -> Iterator[bytes]:
    """A row for every row of the result files, in the order they came."""
    for spool in spools:
        for line in spool.lines():
            if line.strip():
                yield _row(line, tally)


def joined(requests: Source, spools: Sequence[Spool], tally: Tally) -> Iterator[bytes]:
    """A row for every request, in the order of the request file, then what matches none."""
    places, leftover = _index(spools)
    tally.requests = 0
    for line in requests.reader():
        if line.strip():
            tally.requests += 1
            yield _joined(line, places, spools, tally)
    for number, offset in [*leftover, *places.values()]:
        tally.unmatched += 1
        yield _row(spools[number].line_at(offset), Tally())


def _index(spools: Sequence[Spool]) -> tuple[dict[str, tuple[int, int]], list[tuple[int, int]]]:
    """Where the line of each custom_id begins, and the lines that are a second one or have none."""
    places: dict[str, tuple[int, int]] = {}
    leftover: list[tuple[int, int]] = []
    for number, spool in enumerate(spools):
        offset = 0
        for line in spool.lines():
            place = (number, offset)
            offset += len(line)
            if not line.strip():
                continue
            custom_id = _custom_id(line)
            if custom_id is None or custom_id in places:
                leftover.append(place)
            else:
                places[custom_id] = place
    return places, leftover


def _custom_id(line: bytes) -> str | None:
    try:
        return _identity.decode(line).custom_id
    except (ValueError, RecursionError):
        return read_result(line).custom_id


def _joined(line: bytes, places: dict[str, tuple[int, int]], spools: Sequence[Spool], tally: Tally) -> bytes:
    try:
        question = _question.decode(line)
    except (ValueError, RecursionError):
        question = _Question(read_result(line).custom_id or "")
    place = places.pop(question.custom_id, None)
    if place is None:
        tally.missing += 1
        error = _Error("missing", "the service gave neither an answer nor an error for this request")
        return _encode(_JoinedRow(_plain(question.custom_id), question.body, None, _NULL, error))
    answer = spools[place[0]].line_at(place[1])
    result = read_result(answer)
    tally.count(result)
    return _encode(
        _JoinedRow(_plain(question.custom_id), question.body, result.status_code, _body(answer, result), _error(result))
    )


def _row(line: bytes, tally: Tally) -> bytes:
    result = read_result(line)
    tally.count(result)
    return _encode(_Row(_plain(result.custom_id), result.status_code, _body(line, result), _error(result)))


def _body(line: bytes, result: BatchResult) -> msgspec.Raw:
    """The answer as it came, to the byte; what only a lenient reader takes is written anew."""
    if result.body is None:
        return _NULL
    try:
        response = _answer.decode(line).response
        return response.body if response else _NULL
    except (ValueError, RecursionError):
        return msgspec.Raw(_encoder.encode(_plain(result.body)))


def _plain(value: Any) -> Any:
    """`value` with each lone surrogate replaced: JSON that every reader takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if (items := as_array(value)) is not None:
        return [_plain(item) for item in items]
    if (fields := as_object(value)) is not None:
        return {_plain(name): _plain(item) for name, item in fields.items()}
    return value


def _error(result: BatchResult) -> _Error | None:
    return _Error(_plain(result.error.code), _plain(result.error.message)) if result.error else None


def _encode(row: _Row | _JoinedRow) -> bytes:
    return _encoder.encode(row) + b"\n"
