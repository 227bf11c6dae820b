"""What a request line may be: the rules of the service, and a file of lines held against them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import IO, Annotated

import msgspec

from ._errors import FileCheckError
from ._json import as_object
from ._models import CheckReport, FileProblem
from ._objects import BatchEndpoint
from ._source import CHUNK_BYTES, Source, open_source

# The documented limits of the service; a megabyte is taken at its larger meaning, so that nothing legal is refused.
MAX_REQUESTS = 50_000
MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_LINE_BYTES = 10 * 1024 * 1024
MAX_ID_CHARACTERS = 64

AUDIO_ENDPOINTS = frozenset({BatchEndpoint.AUDIO_TRANSCRIPTIONS, BatchEndpoint.AUDIO_TRANSLATIONS})


class _GoodBody(msgspec.Struct, gc=False):
    model: Annotated[str, msgspec.Meta(min_length=1)]


class _Good(msgspec.Struct, gc=False):
    """A line that breaks no rule, but for those that no type can tell."""

    custom_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARACTERS)]
    body: _GoodBody


class _Body(msgspec.Struct):
    model: str
    file: msgspec.Raw = msgspec.Raw(b"null")


class _Request(msgspec.Struct):
    """What is looked at in a request line; all else is checked to be JSON and skipped, which makes the check fast."""

    custom_id: str
    body: _Body
    method: msgspec.Raw = msgspec.Raw(b"null")


NO_BODY = 'the "body" is not a JSON object: put the request to the endpoint there'
NO_MODEL = 'has no "model" in "body": name the model that shall answer'
MODEL_IS_NO_STRING = 'the "model" in "body" is not a string: name the model that shall answer'
MODEL_IS_EMPTY = 'the "model" in "body" is empty: name the model that shall answer'
NO_URL = 'the "file" in "body" is not a public http or https URL, which audio endpoints need'
TOO_LONG = "longer than {limit:,} bytes, the service's limit for a line"

_good = msgspec.json.Decoder(_Good)
_request = msgspec.json.Decoder(_Request)


def check_requests(
    path: str | os.PathLike[str], *, endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS, limit: int = 20
) -> CheckReport:
    """Checks a request file against every rule of the service that can be checked here.

    Each line must be a JSON object with a `custom_id` of 1 to 64 characters, unique in the file, and a `body` with
    a `model`; an audio `endpoint` also asks for `"method": "FILE"` and a URL in `body.file`.
    At most 50,000 lines of at most 10 MB, 100 MB in all, UTF-8 without a byte order mark, ended by LF.
    Stops after `limit` problems. Memory does not grow with the size of the file.
    Raises InvalidArgumentError when there is no such readable file.
    Source: the vendor's documentation, `openapi.yaml` quotes it.
    """
    with open_source(path) as source:
        return check_source(source, endpoint, limit)


def check_source(source: Source, endpoint: str, limit: int = 20) -> CheckReport:
    """`check_requests` of a file that is open already."""
    checker = _Checker(endpoint)
    found = list(islice(checker.problems(source), limit + 1))
    return CheckReport(
        name=source.name,
        size_bytes=source.size,
        requests=checker.requests,
        problems=tuple(found[:limit]),
        more=len(found) > limit,
    )


def require(report: CheckReport) -> None:
    """Raises FileCheckError with all that the report found, if anything."""
    if report.ok:
        return
    count = f"{'more than ' * report.more}{len(report.problems)} problem{'s' * (len(report.problems) > 1)}"
    lines = "".join(f"\n  {problem}" for problem in report.problems)
    raise FileCheckError(f"{report.name}: {count}; nothing was sent{lines}", problems=report.problems)


class _Checker:
    """One pass over a request file."""

    def __init__(self, endpoint: str) -> None:
        self.audio = endpoint in AUDIO_ENDPOINTS
        self.requests = 0
        self.seen: dict[str, int] = {}

    def problems(self, source: Source) -> Iterator[FileProblem]:
        yield from self._lines(source.reader())
        if self.requests > MAX_REQUESTS:
            yield FileProblem(None, f"{self.requests:,} requests; the service takes {MAX_REQUESTS:,} a file: split it")
        if source.size > MAX_FILE_BYTES:
            yield FileProblem(None, f"{source.size:,} bytes; the service takes {MAX_FILE_BYTES:,} a file: split it")

    def _lines(self, file: IO[bytes]) -> Iterator[FileProblem]:
        # Most lines are good, and that is found here in half the time that `_line` takes; the others it judges afresh.
        decode, seen, number = _good.decode, self.seen, 0
        for line in iter(partial(file.readline, MAX_LINE_BYTES + 1), b""):
            number += 1
            try:
                request = decode(line)
                # What the decoder skips it does not decode.
                if not line.isascii():
                    line.decode()
            except (ValueError, RecursionError):
                pass
            else:
                if (
                    number <= MAX_REQUESTS
                    and len(line) <= MAX_LINE_BYTES
                    and not self.audio
                    and not request.body.model.isspace()
                    and not line.endswith(b"\r\n")
                    and seen.setdefault(request.custom_id, number) == number
                ):
                    continue
            self.requests = number
            if (message := self._any_line(line, file)) is not None:
                yield FileProblem(number, message)
        self.requests = number

    def _any_line(self, line: bytes, file: IO[bytes]) -> str | None:
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := file.readline(CHUNK_BYTES)) and not rest.endswith(b"\n"):
                pass
            return TOO_LONG.format(limit=MAX_LINE_BYTES)
        return self._line(line, self.requests)

    def _line(self, line: bytes, number: int) -> str | None:
        try:
            request = _request.decode(line)
            # What the decoder skips it does not decode.
            if not line.isascii():
                line.decode()
        except (ValueError, RecursionError):
            return _explain(line, number)
        custom_id = request.custom_id
        if not 1 <= len(custom_id) <= MAX_ID_CHARACTERS:
            return wrong_id(custom_id)
        if not request.body.model.strip():
            return MODEL_IS_EMPTY
        if line.endswith(b"\r\n"):
            return "ends in CRLF: save the file with LF line ends"
        if self.audio and (message := _wrong_audio(request)) is not None:
            return message
        first = self.seen.setdefault(custom_id, number) if number <= MAX_REQUESTS else number
        if first != number:
            return f"the custom_id {custom_id!r} is that of line {first} already: give each request its own"
        return None


def _explain(line: bytes, number: int) -> str:
    """Why a line was refused, in words that say what to do; only called for lines that were."""
    if number == 1 and line.startswith(b"\xef\xbb\xbf"):
        return "starts with a byte order mark: save the file as UTF-8 without BOM"
    if not line.strip():
        return "is blank: remove it"
    if b"\0" in line:
        return f"holds a NUL byte at byte {line.index(0) + 1}: is this a text file?"
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return f"is not UTF-8 at byte {error.start + 1}: save the file as UTF-8"
    try:
        value = as_object(msgspec.json.decode(line))
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not JSON: {error}"
    if value is None:
        return 'is not a JSON object: write {"custom_id": …, "body": {…}}'
    if "custom_id" not in value:
        return 'has no "custom_id": give each request one of 1 to 64 characters'
    if not isinstance(value["custom_id"], str):
        return wrong_id(value["custom_id"])
    if "body" not in value:
        return 'has no "body": put the request to the endpoint there'
    if (body := as_object(value["body"])) is None:
        return NO_BODY
    if "model" not in body:
        return NO_MODEL
    return MODEL_IS_NO_STRING


def wrong_id(value: object) -> str:
    if not isinstance(value, str):
        return 'the "custom_id" is not a string: give one of 1 to 64 characters'
    if not value:
        return 'the "custom_id" is empty: give one of 1 to 64 characters'
    return f'the "custom_id" has {len(value)} characters; the service takes {MAX_ID_CHARACTERS}'


def _wrong_audio(request: _Request) -> str | None:
    if bytes(request.method) != b'"FILE"':
        return 'has no "method": "FILE", which audio endpoints need'
    if not bytes(request.body.file).startswith((b'"http://', b'"https://')):
        return NO_URL
    return None
