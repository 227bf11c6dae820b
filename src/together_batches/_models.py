"""What is told of request files, of their results and of whole runs: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ._objects import BatchJob


@frozen
class FileProblem:
    """One thing that is wrong with a request file, in the line `line` (from 1) or, with None, in the whole file."""

    line: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


@frozen(kw_only=True)
class CheckReport:
    """What a check of the request file `name` found: its size in bytes, its number of lines, and its problems.

    `more` is True when the check stopped at its limit and further problems may stand behind the last.
    """

    name: str
    size_bytes: int
    requests: int
    problems: tuple[FileProblem, ...] = ()
    more: bool = False

    @property
    def ok(self) -> bool:
        """Whether the file may be sent."""
        return not self.problems


@frozen(kw_only=True)
class Usage:
    """Tokens that were counted (and billed) for one answer or for many."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


@frozen(kw_only=True)
class ResultError:
    """Why a request has no answer: the service's code (a string or a number there, a string here) and words."""

    message: str
    code: str | None = None


@frozen(kw_only=True)
class BatchResult:
    """One line of a job's output or error file.

    `status_code` is the HTTP status of this one request, `body` the answer as the endpoint gives it,
    `usage` its tokens. A line that cannot be read is a result with an `error` and, if need be, no `custom_id`.
    """

    custom_id: str | None = None
    status_code: int | None = None
    body: dict[str, Any] | None = field(default=None, hash=False, repr=False)
    error: ResultError | None = None
    usage: Usage | None = None

    @property
    def ok(self) -> bool:
        """Whether the request was answered."""
        return self.error is None and self.body is not None


@frozen(kw_only=True)
class RunSummary:
    """What became of a request file.

    `requests` is the number of input lines (None when no request file was given), `failed` counts error rows by
    code, `missing` the requests without any row, `unmatched` the rows that belong to no request,
    `usage` the tokens of all answers, `elapsed_seconds` the time from the start of the call.
    """

    job: BatchJob
    output: Path
    requests: int | None = None
    answered: int = 0
    failed: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    missing: int = 0
    unmatched: int = 0
    usage: Usage = field(factory=Usage)
    elapsed_seconds: float = 0.0

    @property
    def all_answered(self) -> bool:
        """Whether every request has exactly one answer."""
        return not (self.failed or self.missing or self.unmatched)
