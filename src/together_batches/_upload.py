"""The upload protocols: one presigned PUT, or many at once for what is too large for one.

What makes an upload safe to repeat: the body is read from disk afresh each time, a PUT of the same bytes to the
same place twice is as good as once, and a file counts only when the service reports the size that was read.
"""

from __future__ import annotations

from contextlib import suppress

from ._effects import Flow, Parallel, Put, Reply, Work
from ._errors import APIStatusError, InvalidArgumentError, TogetherError, UploadError
from ._objects import FileObject
from ._operation import URL_REFUSED, attempt, perform, read
from ._reading import storage_error
from ._retry import Repeat
from ._settings import Settings
from ._source import Meter, Progress, Slice, Source
from ._wire import files as wire
from ._wire import multipart

# Above this size a single PUT is refused by the storage behind the service. Source: the official clients.
MULTIPART_ABOVE_BYTES = 5 * 1024**3
# Source: the contract of 2025-11 for the number of parts; the size is that of the official clients.
MAX_PARTS = 250
PART_BYTES = 200 * 1024**2
PARTS_AT_ONCE = 4

FILE_TYPES = {".jsonl": "jsonl", ".parquet": "parquet", ".csv": "csv"}


class _RefusedUrl(Exception):
    """A presigned URL was refused: another has to be asked for."""

    def __init__(self, error: APIStatusError) -> None:
        self.error = error


def upload_source(
    source: Source, purpose: str, checksum: bool, on_progress: Progress | None, settings: Settings
) -> Flow[FileObject]:
    """Sends an open file, by the protocol that its size asks for, and gives what the service made of it."""
    file_type = file_type_of(source.name)
    sha256: str | None = (yield Work(source.sha256)) if checksum else None
    new = wire.NewFile(source.name, source.size, purpose, file_type, sha256)
    one_try = _multipart if source.size > MULTIPART_ABOVE_BYTES else _single
    tries = settings.policy.max_retries
    while True:
        try:
            file = yield from one_try(new, source, Meter(source.size, on_progress), settings)
            break
        except _RefusedUrl as refused:
            if not tries:
                raise refused.error from None
            tries -= 1
    if file.bytes is not None and file.bytes != source.size:
        raise UploadError(
            f"the service holds {file.bytes:,} bytes of {source.name}, which has {source.size:,}: "
            f"delete {file.id} and upload again"
        )
    if sha256 is not None and file.extra.get("checksum") not in {None, sha256}:
        raise UploadError(f"the service holds other bytes than {source.name} has: delete {file.id} and upload again")
    return file


def file_type_of(name: str) -> str:
    """The service's file type, by suffix. Raises InvalidArgumentError for a suffix that it does not take."""
    for suffix, file_type in FILE_TYPES.items():
        if name.lower().endswith(suffix):
            return file_type
    raise InvalidArgumentError(f"{name!r} ends in none of {', '.join(FILE_TYPES)}: rename it, or give filename=")


def _single(new: wire.NewFile, source: Source, meter: Meter, settings: Settings) -> Flow[FileObject]:
    ticket = yield from wire.start_upload(new, settings)
    if ticket.url is None:  # the service has these bytes already
        return (yield from perform(wire.get_file(ticket.file_id), settings))
    yield from _put(Put(ticket.url, Slice(source, 0, source.size, meter), settings.timeout), settings)
    source.check_unchanged()
    return (yield from perform(wire.preprocess_file(ticket.file_id), settings))


def _multipart(new: wire.NewFile, source: Source, meter: Meter, settings: Settings) -> Flow[FileObject]:
    part_bytes = max(PART_BYTES, -(-source.size // MAX_PARTS))
    starts = range(0, source.size, part_bytes)
    upload = yield from perform(multipart.initiate_multipart_upload(new, len(starts)), settings)
    try:
        if sorted(upload.parts) != list(range(1, len(starts) + 1)):
            raise UploadError(
                f"the service gave URLs for {len(upload.parts)} parts of {source.name} where {len(starts)} were "
                "asked for; nothing was sent: try again"
            )
        sending = [
            _part(
                number,
                Put(
                    upload.parts[number].url,
                    Slice(source, start, min(part_bytes, source.size - start), meter),
                    settings.timeout,
                    upload.parts[number].headers,
                ),
                settings,
            )
            for number, start in enumerate(starts, 1)
        ]
        parts: list[multipart.SentPart] = yield Parallel(sending, PARTS_AT_ONCE, meter.stop)
        source.check_unchanged()
        return (yield from _complete(upload, parts, source.size, settings))
    except Exception:
        yield from _abort(upload, settings)
        raise


def _part(number: int, put: Put, settings: Settings) -> Flow[multipart.SentPart]:
    reply = yield from _put(put, settings)
    if not (etag := reply.headers.get("etag")):
        raise UploadError(f"storage took part {number} and gave no ETag, without which it cannot be joined: try again")
    return multipart.SentPart(number, etag)


def _put(put: Put, settings: Settings) -> Flow[Reply]:
    tried = yield from attempt("storage", put, Repeat.SAFE, settings)
    if 200 <= tried.reply.status < 300:
        return tried.reply
    error = storage_error("storage", tried.reply, tried.at.unix)
    raise _RefusedUrl(error) if tried.reply.status in URL_REFUSED else error


def _complete(
    upload: multipart.MultipartUpload, parts: list[multipart.SentPart], size: int, settings: Settings
) -> Flow[FileObject]:
    operation = multipart.complete_multipart_upload(upload, parts)
    tried = yield from attempt(operation.name, operation.call(settings), operation.repeat, settings)
    if tried.repeated and tried.reply.status in {400, 404, 409}:
        # An earlier answer may have been lost, and what is complete cannot be completed again.
        file = yield from perform(wire.get_file(upload.file_id), settings)
        if file.bytes == size and file.processed is not False:
            return file
    return read(operation, tried, settings)


def _abort(upload: multipart.MultipartUpload, settings: Settings) -> Flow[None]:
    with suppress(TogetherError):  # what went wrong before is what the caller has to know
        yield from perform(multipart.abort_multipart_upload(upload), settings)
