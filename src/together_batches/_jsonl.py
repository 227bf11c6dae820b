"""Request lines out, result lines in: what a line may be, and what it says. Pure, but for reading the file named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

import msgspec

from ._errors import FileCheckError
from ._json import as_object, loads
from ._models import BatchResult, CheckReport, FileProblem, ResultError, Usage
from ._objects import BatchEndpoint
from ._source import CHUNK_BYTES, Source, open_source

# The documented limits of the service; a megabyte is taken at its larger meaning, so that nothing legal is refused.
MAX_REQUESTS = 50_000
MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_LINE_BYTES = 10 * 1024 * 1024
MAX_ID_CHARACTERS = 64

_AUDIO = frozenset({BatchEndpoint.AUDIO_TRANSCRIPTIONS, BatchEndpoint.AUDIO_TRANSLATIONS})


class _Body(msgspec.Struct):
    model: str
    file: msgspec.Raw = msgspec.Raw(b"null")


class _Request(msgspec.Struct):
    """What is looked at in a request line; all else is checked to be JSON and skipped, which makes the check fast."""

    custom_id: str
    body: _Body
    method: msgspec.Raw = msgspec.Raw(b"null")


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
        self.audio = endpoint in _AUDIO
        self.requests = 0
        self.seen: dict[str, int] = {}

    def problems(self, source: Source) -> Iterator[FileProblem]:
        yield from self._lines(source.reader())
        if self.requests > MAX_REQUESTS:
            yield FileProblem(None, f"{self.requests:,} requests; the service takes {MAX_REQUESTS:,} a file: split it")
        if source.size > MAX_FILE_BYTES:
            yield FileProblem(None, f"{source.size:,} bytes; the service takes {MAX_FILE_BYTES:,} a file: split it")

    def _lines(self, file: IO[bytes]) -> Iterator[FileProblem]:
        while line := file.readline(MAX_LINE_BYTES + 1):
            self.requests += 1
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                while (rest := file.readline(CHUNK_BYTES)) and not rest.endswith(b"\n"):
                    pass
                message: str | None = f"longer than {MAX_LINE_BYTES:,} bytes, the service's limit for a line"
            else:
                message = self._line(line, self.requests)
            if message is not None:
                yield FileProblem(self.requests, message)

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
            return _wrong_id(custom_id)
        if not request.body.model.strip():
            return 'the "model" in "body" is empty: name the model that shall answer'
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
        return _wrong_id(value["custom_id"])
    if "body" not in value:
        return 'has no "body": put the request to the endpoint there'
    if (body := as_object(value["body"])) is None:
        return 'the "body" is not a JSON object: put the request to the endpoint there'
    if "model" not in body:
        return 'has no "model" in "body": name the model that shall answer'
    return 'the "model" in "body" is not a string: name the model that shall answer'


def _wrong_id(value: object) -> str:
    if not isinstance(value, str):
        return 'the "custom_id" is not a string: give one of 1 to 64 characters'
    if not value:
        return 'the "custom_id" is empty: give one of 1 to 64 characters'
    return f'the "custom_id" has {len(value)} characters; the service takes {MAX_ID_CHARACTERS}'


def _wrong_audio(request: _Request) -> str | None:
    if bytes(request.method) != b'"FILE"':
        return 'has no "method": "FILE", which audio endpoints need'
    if not bytes(request.body.file).startswith((b'"http://', b'"https://')):
        return 'the "file" in "body" is not a public http or https URL, which audio endpoints need'
    return None


def read_result(line: bytes) -> BatchResult:
    """One line of an output or error file; never raises.

    A code that is a number becomes a string; a status of 400 and above inside an answer is an error.
    """
    try:
        value = as_object(loads(line))
    except ValueError as error:
        return BatchResult(error=ResultError(code="unreadable_line", message=f"the line is not JSON: {error}"))
    if value is None:
        return BatchResult(error=ResultError(code="unreadable_line", message="the line is not a JSON object"))
    custom_id = value.get("custom_id")
    response = as_object(value.get("response")) or {}
    status, body = response.get("status_code"), as_object(response.get("body"))
    status = status if isinstance(status, int) and not isinstance(status, bool) else None
    return BatchResult(
        custom_id=custom_id if isinstance(custom_id, str) else None,
        status_code=status,
        body=body,
        error=_error(value.get("error"), status, body),
        usage=_usage(body),
    )


def _error(error: object, status: int | None, body: dict[str, Any] | None) -> ResultError | None:
    if not error:
        if status is not None and status >= 400:
            inner = body.get("error") if body else None
            return _error(inner, None, None) if inner else ResultError(code=f"http_{status}", message=f"HTTP {status}")
        if body is None:
            return ResultError(code="unreadable_line", message="the line holds neither an answer nor an error")
        return None
    if (fields := as_object(error)) is None:
        return ResultError(message=str(error))
    code = fields.get("code") or fields.get("type")
    return ResultError(code=None if code is None else str(code), message=str(fields.get("message") or ""))


def _usage(body: dict[str, Any] | None) -> Usage | None:
    usage = as_object(body.get("usage")) if body else None
    if usage is None:
        return None
    prompt, completion, total = (
        value if isinstance(value := usage.get(name), int) else 0
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)
