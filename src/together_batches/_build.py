"""A request file from ids and bodies: held to every rule while it is written, whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from enum import Enum
from itertools import chain, count, islice
from typing import Any, cast

import msgspec

from ._check import (
    AUDIO_ENDPOINTS,
    MAX_FILE_BYTES,
    MAX_ID_CHARACTERS,
    MAX_LINE_BYTES,
    MAX_REQUESTS,
    MODEL_IS_EMPTY,
    MODEL_IS_NO_STRING,
    NO_BODY,
    NO_MODEL,
    NO_URL,
    TOO_LONG,
    wrong_id,
)
from ._errors import DownloadError, FileCheckError, InvalidArgumentError
from ._models import CheckReport, FileProblem
from ._objects import BatchEndpoint
from ._sink import Target
from ._source import READ_BYTES

# After so many problems nothing more is looked at, as in a check.
_LIMIT = 20
# `type` of a value of any type, which type checkers do not narrow by what is asked of it.
_class: Callable[[object], type[object]] = type
_PLAIN = frozenset({str, int, bool, type(None)})
_DEEP = frozenset({float, dict, list})
_PAIRS = frozenset({tuple, list})


class _Line(msgspec.Struct, gc=False):
    custom_id: str
    body: dict[str, Any]


class _FileLine(_Line, gc=False):
    method: str = "FILE"


_encoder = msgspec.json.Encoder()


def write_requests(
    output: str | os.PathLike[str],
    requests: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
) -> CheckReport:
    """Writes a request file from pairs of `custom_id` and `body`, whole or not at all, and gives its report.

    Every rule of `check_requests` is held, so the file may be sent; for an audio `endpoint` each line gets its
    `"method": "FILE"`. A body is made of dicts, lists, tuples, strings, numbers, booleans and None, or of enums of
    these; keys are strings. NaN and infinity are refused, since JSON has neither.
    Memory does not grow with the number of requests, so `requests` may be a generator.
    Raises FileCheckError, whose problems name each request by its number (from 1), after 20 problems or at the end,
    and InvalidArgumentError when `output` cannot be written; what was at `output` is then still there.
    Source: the vendor's documentation for the limits.
    """
    builder = _Builder(endpoint)
    with closing(Target(output)) as target:
        try:
            target.write_all(builder.lines(requests))
            builder.require(target.path.name)
            target.commit()
        except DownloadError as error:
            reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
            raise InvalidArgumentError(f"cannot write {target.path}: {reason}") from error
        return CheckReport(name=target.path.name, size_bytes=target.size, requests=builder.requests)


class _Unfit(Exception):
    """A body that cannot be a line; says why."""


class _Builder:
    """One pass over the requests."""

    def __init__(self, endpoint: str) -> None:
        self.requests = 0
        self._audio = endpoint in AUDIO_ENDPOINTS
        self._seen: dict[str, int] = {}
        self._problems: list[FileProblem] = []
        # Of so many requests the fate is known; those behind them wait to be encoded.
        self._settled = 0
        self._size = 0

    def lines(self, requests: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[bytes]:
        """The lines, many at a time, until there is a problem; stops when there is no use in going on."""
        try:
            pairs = iter(requests)
        except TypeError as error:
            raise InvalidArgumentError("requests must be pairs of custom_id and body, in any iterable") from error
        room = 1
        while batch := list(islice(pairs, room)):
            lines = self._good(batch)
            yield from self._any(batch) if lines is None else (lines,)
            if len(self._problems) > _LIMIT or self._is_too_much():
                return
            # As many as make a good write; one long line more than is expected does no harm.
            room = max(1, min(64, READ_BYTES * self._settled // (self._size or 1)))
        if not self.requests:
            self._problem(None, "there are no requests: give one at least")

    def _good(self, batch: list[Any]) -> bytes | None:
        """The lines of requests that are all as most are, looked at together, which takes half the time of one by one.

        None where one is not, and nothing is changed then: `_any` knows what becomes of it.
        """
        if self._audio or self._problems or not set(map(_class, batch)) <= _PAIRS or set(map(len, batch)) != {2}:
            return None
        names, bodies = zip(*batch, strict=True)
        if set(map(_class, names)) != {str} or set(map(_class, bodies)) != {dict}:
            return None
        if not all(names) or max(map(len, names)) > MAX_ID_CHARACTERS:
            return None
        if len(set(names)) < len(names) or not self._seen.keys().isdisjoint(names):
            return None
        try:
            models = {body.get("model") for body in bodies}
            if set(map(_class, models)) != {str} or not all(model.strip() for model in models):
                return None
            lines = _encoder.encode_lines(list(map(_Line, names, bodies)))
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None
        if len(lines) > MAX_LINE_BYTES or not _are_plain(list(bodies)):
            return None
        self._seen.update(zip(names, count(self.requests + 1)))
        self.requests += len(batch)
        self._settled = self.requests
        self._size += len(lines)
        return lines

    def _any(self, batch: list[Any]) -> Iterator[bytes]:
        """The lines of requests of any kind, with what is wrong with them noted."""
        rows: list[_Line] = []
        for pair in batch:
            self.requests += 1
            try:
                rows.append(self._row(pair))
            except _Unfit as unfit:
                yield from self._encoded(rows)
                self._problem(self.requests, str(unfit))
                self._settled += 1
                if len(self._problems) > _LIMIT:
                    return
        yield from self._encoded(rows)

    def require(self, name: str) -> None:
        """Raises FileCheckError with the problems that were found, if any."""
        if not self._problems:
            return
        found = self._problems[:_LIMIT]
        more = len(self._problems) > _LIMIT
        count = f"{'more than ' * more}{len(found)} problem{'s' * (len(found) > 1)}"
        words = "".join(
            f"\n  {problem.message if problem.line is None else f'request {problem.line}: {problem.message}'}"
            for problem in found
        )
        raise FileCheckError(f"{name}: {count}; no file was written{words}", problems=found)

    def _problem(self, number: int | None, message: str) -> None:
        self._problems.append(FileProblem(number, message))

    def _is_too_much(self) -> bool:
        if self.requests > MAX_REQUESTS:
            what = f"more than {MAX_REQUESTS:,} requests"
        elif self._size > MAX_FILE_BYTES:
            what = f"more than {MAX_FILE_BYTES:,} bytes"
        else:
            return False
        self._problem(None, f"{what}, which the service does not take in one file: write several")
        return True

    def _row(self, pair: Any) -> _Line:
        """A request that breaks no rule, as far as can be told before it is encoded. Raises _Unfit."""
        try:
            custom_id, given = pair
        except (TypeError, ValueError):
            raise _Unfit("is not a pair of custom_id and body") from None
        if type(custom_id) is not str or not 0 < len(custom_id) <= MAX_ID_CHARACTERS:
            custom_id = _name(custom_id)
        body = _plain_body(given)
        model = body.get("model")
        if type(model) is not str or not model or model.isspace():
            raise _Unfit(_wrong_model(body))
        if self._audio and not str(body.get("file")).startswith(("http://", "https://")):
            raise _Unfit(NO_URL)
        first = self._seen.setdefault(custom_id, self.requests)
        if first != self.requests:
            raise _Unfit(f"the custom_id {custom_id!r} is that of request {first} already: give each request its own")
        return (_FileLine if self._audio else _Line)(custom_id, body)

    def _encoded(self, rows: list[_Line]) -> Iterator[bytes]:
        """The lines of the rows that wait, encoded together, which takes two thirds of the time of one by one."""
        try:
            lines = _encoder.encode_lines(rows)
        except (TypeError, ValueError, OverflowError, RecursionError):
            lines = None
        if lines is None or len(lines) > MAX_LINE_BYTES:
            lines = b"".join(self._one_by_one(rows))
        self._settled += len(rows)
        self._size += len(lines)
        rows.clear()
        if not self._problems:
            yield lines

    def _one_by_one(self, rows: list[_Line]) -> Iterator[bytes]:
        for number, row in enumerate(rows, self._settled + 1):
            try:
                line = _encoder.encode_lines([row])
            except UnicodeEncodeError:
                self._problem(number, "holds half of a surrogate pair, which UTF-8 cannot: is a text cut, or misread?")
            except RecursionError:
                self._problem(number, "is nested too deeply")
            except (TypeError, ValueError, OverflowError):
                self._problem(number, "has a key that is neither text nor a number: JSON has no other")
            else:
                if len(line) > MAX_LINE_BYTES + 1:
                    self._problem(number, TOO_LONG.format(limit=MAX_LINE_BYTES))
                yield line


def _name(custom_id: object) -> str:
    """A custom_id of a subclass of str, such as an enum, as a string."""
    name = str.__str__(custom_id) if isinstance(custom_id, str) else custom_id
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARACTERS:
        raise _Unfit(wrong_id(name))
    return name


def _wrong_model(body: dict[str, Any]) -> str:
    if "model" not in body:
        return NO_MODEL
    return MODEL_IS_EMPTY if isinstance(body["model"], str) else MODEL_IS_NO_STRING


def _are_plain(values: list[Any]) -> bool:
    """Whether the encoder writes values as they are: of JSON's own types, without NaN and infinity.

    It writes null for NaN, text for bytes, and says nothing; to look at each value takes a fifth of a build.
    Level by level, all of a level at once; a value that holds itself must not come here.
    """
    while deep := [value for value in values if _class(value) not in _PLAIN]:
        kinds = set(map(_class, deep))
        if not kinds <= _DEEP or (float in kinds and not all(x - x == 0 for x in deep if _class(x) is float)):
            return False
        values = list(chain.from_iterable(value.values() for value in deep if _class(value) is dict))
        if list in kinds:
            values += chain.from_iterable(value for value in deep if _class(value) is list)
    return True


def _plain_body(body: object) -> dict[str, Any]:
    """A body of JSON's own types. Raises _Unfit, naming the field and not what is in it."""
    if not isinstance(body, Mapping):
        raise _Unfit(NO_BODY)
    fields: dict[str, Any] = {}
    for name, value in cast("Mapping[str, object]", body).items():
        try:
            fields[name] = _plain(value)
        except _Unfit as unfit:
            # The name of a parameter helps; what else stands there may be a secret.
            place = f' in "{name}"' if isinstance(name, str) and name.isidentifier() and len(name) <= 40 else ""
            raise _Unfit(f"{unfit}{place}") from None
        except RecursionError:
            raise _Unfit("is nested too deeply") from None
    return fields


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if value - value != 0:
            raise _Unfit("has NaN or infinity, which JSON cannot hold: give a number or leave it out,")
        return float(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in cast("list[object]", value)]
    raise _Unfit(f"has a {type(value).__name__}, for which JSON has no form: give text, numbers, lists or dicts,")
