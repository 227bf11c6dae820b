"""From the JSON of a reply to the values that users hold.

A field may be absent, null, or of another type than the contract says; each becomes what the public type promises,
and what does not fit, or is not known here, stays readable in `extra`.
This stands in for the generated `from_dict`, which takes twice the time a job and keeps no such promise;
a test holds the two to the same fields.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import fields, make_class

from ._json import as_object
from ._objects import BatchJob, BatchJobStatus, FileObject

# What has a place of its own in a job; all else is kept in `extra`.
JOB_FIELDS = frozenset(each.name for each in fields(BatchJob)) - {"warning", "extra"}
# What each field of a file has to be to be taken as it is; `created_at` is looked at below.
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
# The slots of a job, open to be written.
_Draft: Any = make_class("BatchJob", [each.name for each in fields(BatchJob)], slots=True, weakref_slot=False)


def batch_job(raw: object, warning: object = None) -> BatchJob | None:
    """The job that a reply describes, or None where it has no id."""
    sent = as_object(raw)
    if sent is None or (id := _identity(sent)) is None:
        return None
    extra = {name: value for name, value in sent.items() if name not in JOB_FIELDS}
    get = sent.get
    # In the order of the fields of a job.
    return filled(
        id,
        _text("user_id", get("user_id"), extra),
        _text("input_file_id", get("input_file_id"), extra),
        _size(get("file_size_bytes"), extra),
        job_status(get("status"), extra),
        job_time("job_deadline", get("job_deadline"), extra),
        job_time("created_at", get("created_at"), extra),
        _text("endpoint", get("endpoint"), extra),
        _progress(get("progress"), extra),
        _text("model_id", get("model_id"), extra),
        _text("output_file_id", get("output_file_id"), extra),
        _text("error_file_id", get("error_file_id"), extra),
        _text("error", get("error"), extra),
        job_time("completed_at", get("completed_at"), extra),
        warning if warning.__class__ is str else None,
        extra,
    )


def filled(*values: Any) -> BatchJob:
    """The job with these values, which stand in the order of its fields and are of their types.

    A frozen value guards each of its 16 slots as it is made, which takes 1.8 µs; open ones are filled, and declared
    to be those of a job, in 0.5. Reading a job of a list takes 3 in all.
    """
    job = _Draft(*values)
    job.__class__ = BatchJob
    made: BatchJob = job
    return made


def file_object(raw: object) -> FileObject | None:
    """The file that a reply describes, or None where it has no id."""
    sent = as_object(raw) or {}
    if (id := _identity(sent)) is None:
        return None
    extra: dict[str, Any] = {name: sent[name] for name in sent.keys() - FILE_FIELDS.keys() - {"id", "created_at"}}
    values: dict[str, Any] = {}
    for name, (attribute, kind) in FILE_FIELDS.items():
        value = sent.get(name)
        if value.__class__ is kind:
            values[attribute] = value
        elif value is not None:
            extra[name] = value
    seconds = sent.get("created_at")
    if (moment := _from_unix(seconds)) is not None:
        values["created_at"] = moment
    elif seconds is not None:
        extra["created_at"] = seconds
    return FileObject(id=id, extra=extra, **values)


def _identity(sent: dict[str, Any]) -> str | None:
    value = sent.get("id")
    # An id is opaque: a number would be one as good as any.
    if value.__class__ is int:
        return str(value)
    return value if isinstance(value, str) and value else None


def _text(name: str, value: Any, extra: dict[str, Any]) -> str | None:
    if value is None or value.__class__ is str:
        text: str | None = value
        return text
    extra[name] = value
    return None


def _size(value: Any, extra: dict[str, Any]) -> int | None:
    if value is None or value.__class__ is int:
        size: int | None = value
        return size
    extra["file_size_bytes"] = value
    return None


def job_status(value: Any, extra: dict[str, Any]) -> BatchJobStatus | None:
    """A status, known or not, or None, in which case what came is kept in `extra`."""
    if value.__class__ is str:
        return _STATUSES.get(value) or BatchJobStatus(value)
    if value is not None:
        extra["status"] = value
    return None


def _progress(value: Any, extra: dict[str, Any]) -> float:
    if value.__class__ is float or (value.__class__ is int and abs(value) < _MANY):
        return float(value)
    if value is not None:
        extra["progress"] = value
    return 0.0


def job_time(name: str, value: object, extra: dict[str, Any]) -> datetime | None:
    """A time, or None, in which case what came is kept in `extra`."""
    if value is None:
        return None
    if (moment := _moment(value)) is None:
        extra[name] = value
    return moment


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
