"""The values that users hold: frozen, typed, and tolerant of what the service leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import field, frozen


class BatchJobStatus(StrEnum):
    """Where a job stands; a string that is not known here becomes a member equal to that string.

    Source: the contract's `BatchJobStatus`; `CANCELING` was seen on the live service only.
    """

    VALIDATING = "VALIDATING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    CANCELING = "CANCELING"

    @classmethod
    def _missing_(cls, value: object) -> BatchJobStatus | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        # Enum hashes by name and pickles by value: with both set to the text the member behaves as that text.
        member._name_ = value
        member._value_ = value
        return member

    def __reduce_ex__(self, protocol: object) -> tuple[type[BatchJobStatus], tuple[str]]:
        # Python 3.11 began by travelling by name, which finds no member that is not listed.
        return self.__class__, (self._value_,)

    @property
    def is_known(self) -> bool:
        """Whether this version of the library knows the status."""
        return self._value_ in BatchJobStatus._member_map_

    @property
    def is_terminal(self) -> bool:
        """Whether the job will not change any more; an unknown status is taken as not terminal."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {BatchJobStatus.COMPLETED, BatchJobStatus.FAILED, BatchJobStatus.EXPIRED, BatchJobStatus.CANCELLED}
)


class BatchEndpoint(StrEnum):
    """The endpoints a batch can be run against; any other string may be given instead.

    Source: the vendor's documentation.
    """

    CHAT_COMPLETIONS = "/v1/chat/completions"
    COMPLETIONS = "/v1/completions"
    AUDIO_TRANSCRIPTIONS = "/v1/audio/transcriptions"
    AUDIO_TRANSLATIONS = "/v1/audio/translations"


@frozen(kw_only=True)
class BatchJob:
    """A batch job as the service last described it; only `id` is always there.

    `file_size_bytes` is the size of the input file in bytes; datetimes are aware.
    `progress` is what the service sent (0 to 1 in some sources, 0 to 100 in others): infer nothing from it.
    `warning` comes with a create only; `extra` holds the fields that this version does not know.
    Source: the contract's `BatchJob`.
    """

    id: str
    user_id: str | None = None
    input_file_id: str | None = None
    file_size_bytes: int | None = None
    status: BatchJobStatus | None = None
    job_deadline: datetime | None = None
    created_at: datetime | None = None
    endpoint: str | None = None
    progress: float = 0.0
    model_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None
    completed_at: datetime | None = None
    warning: str | None = None
    extra: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended; False while the status is unknown."""
        return self.status is not None and self.status.is_terminal


@frozen(kw_only=True)
class FileObject:
    """A file that the service holds; only `id` is always there.

    `bytes` is its size in bytes, `created_at` is aware, `extra` holds the fields that this version does not know.
    Source: the contract's `File`.
    """

    id: str
    filename: str | None = None
    bytes: int | None = None
    purpose: str | None = None
    created_at: datetime | None = None
    object: str | None = None
    file_type: str | None = None
    processed: bool | None = None
    line_count: int | None = None
    extra: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


@frozen(kw_only=True)
class FileDeleted:
    """The service's word that a file is gone. Source: the contract's `FileDeleted`."""

    id: str
    deleted: bool = True


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
