"""What the server knows of files, uploads and jobs, and how it is said on the wire."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from attrs import asdict, field, frozen

VALIDATING = "VALIDATING"
IN_PROGRESS = "IN_PROGRESS"
CANCELING = "CANCELING"
COMPLETED = "COMPLETED"
FAILED = "FAILED"
EXPIRED = "EXPIRED"
CANCELLED = "CANCELLED"
UNFINISHED = (VALIDATING, IN_PROGRESS, CANCELING)

# How long a job may take.
WINDOW_SECONDS = 24 * 3600

BATCH_INPUT = "batch-api"
BATCH_OUTPUT = "batch-generated"
PURPOSES = (
    "fine-tune",
    "eval",
    "eval-sample",
    "eval-output",
    "eval-summary",
    "calibration",
    BATCH_INPUT,
    BATCH_OUTPUT,
)
FILE_TYPES = ("jsonl", "csv", "parquet")


@frozen
class File:
    """A file, from the moment its upload begins; `size` is None until the bytes are there."""

    id: str
    filename: str
    purpose: str
    file_type: str
    created_at: float
    checksum: str | None = None
    """The SHA-256 that was announced, in hexadecimal digits."""
    size: int | None = None
    sha256: str | None = None
    lines: int | None = None
    processed: bool = field(default=False, converter=bool)

    @classmethod
    def new(cls, filename: str, purpose: str, file_type: str, checksum: str | None) -> File:
        """A file whose bytes are still to come."""
        return cls(f"file-{uuid.uuid4()}", filename, purpose, file_type, time.time(), checksum)

    def to_wire(self) -> dict[str, Any]:
        """The file as the API shows it."""
        return {
            "id": self.id,
            "object": "file",
            "created_at": int(self.created_at),
            "filename": self.filename,
            "bytes": self.size or 0,
            "purpose": self.purpose,
            "FileType": self.file_type,
            "Processed": self.processed,
            "LineCount": (self.lines or 0) if self.processed else 0,
        }


@frozen
class Upload:
    """An upload in parts that has neither been completed nor aborted."""

    id: str
    file_id: str
    size: int
    parts: int


@frozen
class Part:
    """A part whose bytes are there."""

    number: int
    etag: str
    size: int


@frozen
class Job:
    """A batch job; times in Unix seconds."""

    id: str
    input_file_id: str
    endpoint: str
    created_at: float
    deadline: float
    status: str = VALIDATING
    progress: float = 0.0
    model_id: str | None = None
    file_size_bytes: int = 0
    requests: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None
    completed_at: float | None = None

    def to_wire(self) -> dict[str, Any]:
        """The job as the API shows it: what is not known is left out."""
        shown = asdict(self, filter=lambda attribute, value: value is not None)
        del shown["requests"], shown["deadline"]
        shown |= {"user_id": "local", "project_id": "local", "organization_id": "local"}
        shown |= {"created_at": _iso(self.created_at), "job_deadline": _iso(self.deadline)}
        if self.completed_at is not None:
            shown["completed_at"] = _iso(self.completed_at)
        return shown


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
