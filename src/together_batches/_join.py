"""Answers beside their questions: result rows joined to the request file by `custom_id`, in the order of the file.

Memory holds two numbers for each answer (where its line begins, and a hash of its name), never an answer.
What was sent and what came back are copied byte for byte, so that no number changes its digits on the way.
Nothing that came is dropped: a row that belongs to no request, a second row for one, and a row that cannot be read
stand at the end of the output and are counted as unmatched.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from attrs import define, field

from ._json import as_array, as_object
from ._jsonl import read_result
from ._models import BatchResult, Usage
from ._places import Places
from ._sink import Spool
from ._source import READ_BYTES, Source

_NULL = msgspec.Raw(b"null")


class _Question(msgspec.Struct, gc=False):
    custom_id: str
    body: msgspec.Raw = _NULL


class _Identity(msgspec.Struct, gc=False):
    custom_id: str


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class _GlanceBody(msgspec.Struct, gc=False):
    usage: _Usage | None = None


class _GlanceResponse(msgspec.Struct, gc=False):
    body: _GlanceBody | None = None


class _Glance(msgspec.Struct, gc=False):
    """What the index looks at in a row: its name, and the tokens of its answer."""

    custom_id: str
    response: _GlanceResponse | None = None


class _Response(msgspec.Struct, gc=False):
    status_code: int
    body: msgspec.Raw


class _Answer(msgspec.Struct, gc=False):
    """A row as most are: an answer, and no error."""

    custom_id: str
    response: _Response
    error: None = None


class _AnyResponse(msgspec.Struct):
    body: msgspec.Raw = _NULL


class _AnyRow(msgspec.Struct):
    response: _AnyResponse | None = None


class _Error(msgspec.Struct, gc=False):
    code: str | None
    message: str


class _Row(msgspec.Struct, gc=False):
    """A line of the output; `request` is there where requests were given."""

    custom_id: str | None
    request: msgspec.Raw | msgspec.UnsetType
    status_code: int | None
    response: msgspec.Raw
    error: _Error | None


_question = msgspec.json.Decoder(_Question)
_identity = msgspec.json.Decoder(_Identity)
_glance_row = msgspec.json.Decoder(_Glance)
_answer = msgspec.json.Decoder(_Answer)
_any_row = msgspec.json.Decoder(_AnyRow)
_encoder = msgspec.json.Encoder()

_BRACE = ord("{")
_MISSING = _Error("missing", "the service gave neither an answer nor an error for this request")


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

    def count(self, row: _Row) -> None:
        if row.error is None:
            self.answered += 1
        else:
            self.failed[row.error.code or "unknown"] += 1

    def add(self, usage: Usage | _Usage | None) -> None:
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            self.total_tokens += usage.total_tokens

    def take_back(self, usage: Usage | _Usage | None) -> None:
        if usage is not None:
            self.prompt_tokens -= usage.prompt_tokens
            self.completion_tokens -= usage.completion_tokens
            self.total_tokens -= usage.total_tokens

    def usage(self) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            total_tokens=self.total_tokens,
        )


def copied(spools: Sequence[Spool], tally: Tally) -> Iterator[bytes]:
    """A row for every row of the result files, in the order they came; whole lines, many at a time."""
    rows = _Rows()
    for spool in spools:
        for line in spool.lines():
            if not line.isspace():
                row, result = _read(line)
                tally.count(row)
                tally.add(result.usage if result else _glance(line)[1])
                if rows.add(row, len(line)):
                    yield rows.encoded()
    yield rows.encoded()


def joined(requests: Source, spools: Sequence[Spool], tally: Tally) -> Iterator[bytes]:
    """A row for every request, in the order of the request file, then what matches none; lines as `copied` gives."""
    answers = _Answers(spools, tally)
    rows = _Rows()
    asked = 0
    for line in requests.reader():
        try:
            question = _question.decode(line)
        except (ValueError, RecursionError):
            if line.isspace():
                continue
            question = _Question(read_result(line).custom_id or "")
        asked += 1
        row = answers.take(question.custom_id)
        if row is None:
            tally.missing += 1
            row = _Row(None, msgspec.UNSET, None, _NULL, _MISSING)
        else:
            tally.count(row)
        row.custom_id, row.request = question.custom_id, question.body
        if rows.add(row, len(line) + answers.size):
            yield rows.encoded()
    tally.requests = asked
    for line in answers.left():
        tally.unmatched += 1
        if rows.add(_read(line)[0], len(line)):
            yield rows.encoded()
    yield rows.encoded()


class _Rows:
    """Rows on their way out, encoded many at a time, which takes three quarters of the time of one by one."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._size = 0

    def add(self, row: _Row, size: int) -> bool:
        """Whether it is time to encode them: there are about READ_BYTES, of which this row is about `size`."""
        self._rows.append(row)
        self._size += size
        return self._size >= READ_BYTES

    def encoded(self) -> bytes:
        rows, self._rows, self._size = self._rows, [], 0
        try:
            return _encoder.encode_lines(rows)
        except UnicodeEncodeError:  # a lone surrogate in a name
            return _encoder.encode_lines(
                [msgspec.structs.replace(row, custom_id=_plain(row.custom_id)) for row in rows]
            )


class _Answers:
    """The rows of the result files, each to be taken once by its custom_id, and read where it lies.

    The tokens of a row are counted when it is entered, since the look for its name finds them on the way;
    a row that is left over in the end, or has another meaning than that look saw, is counted back.
    That saves a twelfth of the time of a join.
    """

    def __init__(self, spools: Sequence[Spool], tally: Tally) -> None:
        self._spools = spools
        self._tally = tally
        # A place is where a line begins, in the spools laid end to end.
        self._position = 0
        self._end = sum(spool.size for spool in spools)
        self._places = Places(lambda: self._position / self._end)
        # The lines that are a second one of their name, or have none.
        self._apart = array("Q")
        # How many bytes are read at first for a line: a little more than most have, so that one read will do.
        self._likely = 4096
        # Of the line that was taken last.
        self.size = 0
        self._index()

    def _index(self) -> None:
        number, add, count, is_named = 0, self._places.add, self._tally.add, self._is_named
        for spool in self._spools:
            for line in spool.lines():
                custom_id, usage = _glance(line)
                if custom_id is not None and add(custom_id, self._position, is_named):
                    count(usage)
                elif not line.isspace():
                    self._apart.append(self._position)
                number += 1
                self._position += len(line)
        if number:
            self._likely = max(1024, self._position // number * 5 // 4)

    def _is_named(self, place: int, name: str) -> bool:
        return _custom_id(self._line(place)) == name

    def _line(self, place: int) -> bytes:
        for spool in self._spools:
            if place < spool.size:
                return spool.line_at(place, self._likely)
            place -= spool.size
        raise IndexError(place)

    def take(self, name: str) -> _Row | None:
        """The first row of that name."""
        self.size = 0
        return self._places.take(name, self._read_if_named)

    def _read_if_named(self, place: int, name: str) -> _Row | None:
        line = self._line(place)
        row, result = _read(line)
        # A line with a name may still be unreadable: then it is a failure of that name.
        if row.custom_id != name and _custom_id(line) != name:
            return None
        if result is not None:
            self._tally.take_back(_glance(line)[1])
            self._tally.add(result.usage)
        self.size = len(line)
        return row

    def left(self) -> Iterator[bytes]:
        """The lines that nobody took: first those that nobody could, then those that nobody asked for."""
        for place in self._apart:
            yield self._line(place)
        for place in self._places.left():
            line = self._line(place)
            self._tally.take_back(_glance(line)[1])
            yield line


def _glance(line: bytes) -> tuple[str | None, Usage | _Usage | None]:
    """The name of a row, and its tokens."""
    try:
        glance = _glance_row.decode(line)
    except (ValueError, RecursionError):
        return _custom_id(line), read_result(line).usage
    body = glance.response.body if glance.response else None
    return glance.custom_id, body.usage if body else None


def _custom_id(line: bytes) -> str | None:
    try:
        return _identity.decode(line).custom_id
    except (ValueError, RecursionError):
        return read_result(line).custom_id


def _read(line: bytes) -> tuple[_Row, BatchResult | None]:
    """A row with its body as it came; and what `read_result` makes of the line, where that had to be asked."""
    try:
        answer = _answer.decode(line)
        response = answer.response
        # What the decoder skips it does not decode.
        if response.status_code < 400 and (line.isascii() or line.decode()) and memoryview(response.body)[0] == _BRACE:
            return _Row(answer.custom_id, msgspec.UNSET, response.status_code, response.body, None), None
    except (ValueError, RecursionError):
        pass
    result = read_result(line)
    error = _Error(_plain(result.error.code), _plain(result.error.message)) if result.error else None
    return _Row(result.custom_id, msgspec.UNSET, result.status_code, _body(line, result), error), result


def _body(line: bytes, result: BatchResult) -> msgspec.Raw:
    """The answer as it came, to the byte; what only a lenient reader takes is written anew."""
    if result.body is None:
        return _NULL
    try:
        line.decode()
        response = _any_row.decode(line).response
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
