"""What the service holds: jobs and files, frozen, typed, and tolerant of what the service leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
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


@frozen(kw_only=True, weakref_slot=False)  # `_convert` fills its slots, which only then are laid out alike
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
