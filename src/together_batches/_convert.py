"""From the JSON of a reply to the values that users hold.

A field may be absent, null, or of another type than the contract says; each becomes what the public type promises,
and what does not fit, or is not known here, stays readable in `extra`.
This stands in for the generated `from_dict`, which takes twice the time a job and keeps no such promise;
a test holds the two to the same fields.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ._json import as_object
from ._objects import BatchJob, BatchJobStatus, FileObject

# What each field of a reply has to be to be taken as it is; `status`, `progress` and times are looked at below.
JOB_TEXTS = ("user_id", "input_file_id", "endpoint", "model_id", "output_file_id", "error_file_id", "error")
JOB_TIMES = ("job_deadline", "created_at", "completed_at")
JOB_FIELDS = frozenset({"id", "status", "progress", "file_size_bytes", *JOB_TEXTS, *JOB_TIMES})
FILE_FIELDS: dict[str, tuple[str, type]] = {
    "filename": ("filename", str),
    "bytes": ("bytes", int),
    "purpose": ("purpose", str),
    "object": ("object", str),
    "FileType": ("file_type", str),
    "Processed": ("processed", bool),
    "LineCount": ("line_count", int),
}
# No float holds a whole number much larger.
_MANY = 10**300
_STATUSES = {status.value: status for status in BatchJobStatus}


def batch_job(raw: object, warning: object = None) -> BatchJob | None:
    """The job that a reply describes, or None where it has no id."""
    sent = as_object(raw) or {}
    if (id := _identity(sent)) is None:
        return None
    get = sent.get
    extra: dict[str, Any] = {name: sent[name] for name in sent.keys() - JOB_FIELDS}
    fields: dict[str, Any] = {}
    for name in JOB_TEXTS:
        value = get(name)
        if value.__class__ is str:
            fields[name] = value
        elif value is not None:
            extra[name] = value
    for name in JOB_TIMES:
        value = get(name)
        if value is not None:
            if (moment := _moment(value)) is not None:
                fields[name] = moment
            else:
                extra[name] = value
    status: Any = get("status")
    if status.__class__ is str:
        fields["status"] = _STATUSES.get(status) or BatchJobStatus(status)
    elif status is not None:
        extra["status"] = status
    size = get("file_size_bytes")
    if size.__class__ is int:
        fields["file_size_bytes"] = size
    elif size is not None:
        extra["file_size_bytes"] = size
    progress: Any = get("progress")
    if progress.__class__ is float or (progress.__class__ is int and abs(progress) < _MANY):
        fields["progress"] = float(progress)
    elif progress is not None:
        extra["progress"] = progress
    if warning.__class__ is str:
        fields["warning"] = warning
    return BatchJob(id=id, extra=extra, **fields)


def file_object(raw: object) -> FileObject | None:
    """The file that a reply describes, or None where it has no id."""
    sent = as_object(raw) or {}
    if (id := _identity(sent)) is None:
        return None
    extra: dict[str, Any] = {name: sent[name] for name in sent.keys() - FILE_FIELDS.keys() - {"id", "created_at"}}
    fields: dict[str, Any] = {}
    for name, (attribute, kind) in FILE_FIELDS.items():
        value = sent.get(name)
        if value.__class__ is kind:
            fields[attribute] = value
        elif value is not None:
            extra[name] = value
    seconds = sent.get("created_at")
    if (moment := _from_unix(seconds)) is not None:
        fields["created_at"] = moment
    elif seconds is not None:
        extra["created_at"] = seconds
    return FileObject(id=id, extra=extra, **fields)


def _identity(sent: dict[str, Any]) -> str | None:
    value = sent.get("id")
    # An id is opaque: a number would be one as good as any.
    if value.__class__ is int:
        return str(value)
    return value if isinstance(value, str) and value else None


def _moment(value: object) -> datetime | None:
    """An aware datetime from a text in ISO 8601, in those of its forms too that only dateutil reads."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        # Costs a third of the import time of everything else, and is hardly ever needed.
        from dateutil import parser

        try:
            moment = parser.isoparse(value)
        except (ValueError, OverflowError):
            return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _from_unix(seconds: object) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
