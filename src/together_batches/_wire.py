"""The one door to the generated client: each operation of the contract, what it sends and how its answer is read.

Requests are built by the generated `_get_kwargs`; what stands here is what a specification cannot say: an answer
without an id is no answer, an id is not a path, an address is not to be trusted.
"""

# The generator marks what builds a request as private, yet it is the half of its output that is wanted here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from attrs import field, frozen

from together_lowlevel import models
from together_lowlevel.api.batches import cancel_batch as low_cancel_batch
from together_lowlevel.api.batches import create_batch as low_create_batch
from together_lowlevel.api.batches import get_batch as low_get_batch
from together_lowlevel.api.batches import list_batches as low_list_batches
from together_lowlevel.api.files import abort_multipart_upload as low_abort_multipart_upload
from together_lowlevel.api.files import complete_multipart_upload as low_complete_multipart_upload
from together_lowlevel.api.files import delete_file as low_delete_file
from together_lowlevel.api.files import get_file as low_get_file
from together_lowlevel.api.files import get_file_content as low_get_file_content
from together_lowlevel.api.files import initiate_multipart_upload as low_initiate_multipart_upload
from together_lowlevel.api.files import list_files as low_list_files
from together_lowlevel.api.files import preprocess_file as low_preprocess_file
from together_lowlevel.api.files import start_upload as low_start_upload
from together_lowlevel.types import UNSET

from ._convert import batch_job, file_object
from ._effects import Flow, Instant, Reply
from ._errors import APIResponseValidationError, InvalidArgumentError
from ._jsonl import as_array, as_object, loads
from ._models import BatchJob, BatchJobStatus, FileDeleted, FileObject
from ._operation import Operation, attempt, perform, read
from ._reading import contract_error, json_object, json_value
from ._retry import Repeat
from ._settings import Settings

# Source: the contract; the service has no other.
COMPLETION_WINDOW = "24h"


@frozen
class NewFile:
    """What is announced of a file before its bytes are sent; `checksum` is their SHA-256 in hex."""

    name: str
    size: int
    purpose: str
    file_type: str
    checksum: str | None = None


@frozen
class Ticket:
    """Where to send the bytes of a new file; `url` is None when the service has them already."""

    file_id: str
    url: str | None = field(repr=False)


@frozen
class Part:
    """Where, and with which headers, to send a part."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@frozen
class MultipartUpload:
    """A begun upload in parts, by their numbers from 1."""

    upload_id: str
    file_id: str
    parts: Mapping[int, Part]


@frozen
class SentPart:
    """What storage answered to a part."""

    number: int
    etag: str


@frozen
class Listed:
    """All jobs, when they were listed by our clock, and by the service's Date header."""

    jobs: list[BatchJob]
    at: Instant
    date: datetime | None


def create_batch(file_id: str, endpoint: str) -> Operation[BatchJob]:
    """The contract's `create_batch`, whose window is the only one the service has."""
    if not isinstance(endpoint, str) or not endpoint or not _is_text(endpoint):
        raise InvalidArgumentError(f"endpoint={endpoint!r}: give a path such as '/v1/chat/completions'")
    body = models.CreateBatchRequest(
        input_file_id=checked_id(file_id), endpoint=str(endpoint), completion_window=COMPLETION_WINDOW
    )

    def read_job(reply: Reply, settings: Settings) -> BatchJob:
        answer = json_object("batches.create_batch", reply, settings)
        job = answer.get("job")
        if not isinstance(job, dict):
            raise contract_error("batches.create_batch", reply, "the answer holds no job", settings)
        return _read_job("batches.create_batch", job, reply, settings, answer.get("warning"))

    return Operation("batches.create_batch", low_create_batch._get_kwargs(body=body), read_job, Repeat.UNSENT)


def get_batch(id: str) -> Operation[BatchJob]:
    """The contract's `get_batch`."""
    request = low_get_batch._get_kwargs(checked_id(id))
    return Operation("batches.get_batch", request, _bare_job("batches.get_batch"))


def list_batches() -> Operation[list[BatchJob]]:
    """The contract's `list_batches`; some servers say null for none."""
    name = "batches.list_batches"

    def read_jobs(reply: Reply, settings: Settings) -> list[BatchJob]:
        value = json_value(name, reply, settings)
        jobs = [] if value is None else as_array(value)
        if jobs is None:
            raise contract_error(name, reply, "the answer is not a list of jobs", settings)
        return [_read_job(name, job, reply, settings) for job in jobs]

    return Operation(name, low_list_batches._get_kwargs(), read_jobs)


def listed(settings: Settings) -> Flow[Listed]:
    """All jobs, with the time by both clocks."""
    operation = list_batches()
    tried = yield from attempt(operation.name, operation.call(settings), operation.repeat, settings)
    return Listed(read(operation, tried, settings), tried.at, _date(tried.reply))


def cancel_batch(id: str, settings: Settings) -> Flow[BatchJob]:
    """The contract's `cancel_batch`; a repeated one that meets its own success tells it."""
    name = "batches.cancel_batch"
    operation = Operation(name, low_cancel_batch._get_kwargs(checked_id(id)), _bare_job(name))
    tried = yield from attempt(name, operation.call(settings), operation.repeat, settings)
    if tried.repeated and tried.reply.status == 409:
        job = yield from perform(get_batch(id), settings)
        if job.status in {BatchJobStatus.CANCELLED, BatchJobStatus.CANCELING}:
            return job
    return read(operation, tried, settings)


def list_files() -> Operation[list[FileObject]]:
    """The contract's `list_files`."""
    name = "files.list"

    def read_files(reply: Reply, settings: Settings) -> list[FileObject]:
        value = json_object(name, reply, settings).get("data")
        data = [] if value is None else as_array(value)
        if data is None:
            raise contract_error(name, reply, "the answer holds no list of files", settings)
        return [_read_file(name, item, reply, settings) for item in data]

    return Operation(name, low_list_files._get_kwargs(), read_files)


def get_file(id: str) -> Operation[FileObject]:
    """The contract's `get_file`."""
    return Operation("files.retrieve", low_get_file._get_kwargs(checked_id(id)), _bare_file("files.retrieve"))


def delete_file(id: str, settings: Settings) -> Flow[FileDeleted]:
    """The contract's `delete_file`; a repeated one that finds nothing is done."""
    name = "files.delete"

    def read_deleted(reply: Reply, settings: Settings) -> FileDeleted:
        answer = json_object(name, reply, settings)
        return FileDeleted(id=str(answer.get("id") or id), deleted=answer.get("deleted") is not False)

    operation = Operation(name, low_delete_file._get_kwargs(checked_id(id)), read_deleted)
    tried = yield from attempt(name, operation.call(settings), operation.repeat, settings)
    if tried.repeated and tried.reply.status == 404:
        return FileDeleted(id=id)
    return read(operation, tried, settings)


def content_path(id: str) -> str:
    """The path of the contract's `get_file_content`."""
    path: str = low_get_file_content._get_kwargs(checked_id(id))["url"]
    return path


def start_upload(new: NewFile, settings: Settings) -> Flow[Ticket]:
    """The contract's `start_upload`: a redirect that is not followed, or a conflict that names the same bytes."""
    name = "files.upload"
    body = models.StartUploadRequest(
        purpose=models.FilePurpose(new.purpose),
        file_name=new.name,
        file_type=models.FileType(new.file_type),
        checksum=new.checksum or UNSET,
    )
    operation = Operation(name, low_start_upload._get_kwargs(body=body), lambda reply, settings: None)
    tried = yield from attempt(name, operation.call(settings), operation.repeat, settings)
    reply = tried.reply
    if reply.status == 409 and (file_id := _file_id(reply)):
        return Ticket(file_id, None)
    if reply.status != 302:
        read(operation, tried, settings)
        raise contract_error(name, reply, "the answer does not say where to send the bytes", settings)
    file_id, location = reply.headers.get("x-together-file-id"), reply.headers.get("location")
    if not file_id or not location:
        raise contract_error(name, reply, "the redirect lacks Location or X-Together-File-Id", settings)
    return Ticket(file_id, checked_url(location, f"{settings.base_url}/files", name))


def preprocess_file(id: str) -> Operation[FileObject]:
    """The contract's `preprocess_file`."""
    return Operation("files.upload", low_preprocess_file._get_kwargs(checked_id(id)), _bare_file("files.upload"))


def initiate_multipart_upload(new: NewFile, num_parts: int) -> Operation[MultipartUpload]:
    """The contract's `initiate_multipart_upload`."""
    name = "files.upload"
    body = models.InitiateMultipartRequest(
        file_name=new.name,
        file_size=new.size,
        num_parts=num_parts,
        purpose=models.FilePurpose(new.purpose),
        file_type=models.FileType(new.file_type),
        checksum=new.checksum or UNSET,
    )

    def read_upload(reply: Reply, settings: Settings) -> MultipartUpload:
        answer = json_object(name, reply, settings)
        upload_id, file_id, parts = answer.get("upload_id"), answer.get("file_id"), as_array(answer.get("parts"))
        if not (isinstance(upload_id, str) and isinstance(file_id, str) and parts is not None):
            raise contract_error(name, reply, "the answer begins no upload in parts", settings)
        return MultipartUpload(upload_id, file_id, dict(_part(name, part, reply, settings) for part in parts))

    return Operation(name, low_initiate_multipart_upload._get_kwargs(body=body), read_upload)


def complete_multipart_upload(upload: MultipartUpload, parts: Sequence[SentPart]) -> Operation[FileObject]:
    """The contract's `complete_multipart_upload`, which answers with a file, bare or under `file`."""
    name = "files.upload"
    body = models.CompleteMultipartRequest(
        upload_id=upload.upload_id,
        file_id=upload.file_id,
        parts=[models.CompletedPart(part_number=part.number, etag=part.etag) for part in parts],
    )

    def read_file(reply: Reply, settings: Settings) -> FileObject:
        answer = json_object(name, reply, settings)
        return _read_file(name, answer.get("file", answer), reply, settings)

    return Operation(name, low_complete_multipart_upload._get_kwargs(body=body), read_file)


def abort_multipart_upload(upload: MultipartUpload) -> Operation[None]:
    """The contract's `abort_multipart_upload`."""
    body = models.AbortMultipartRequest(upload_id=upload.upload_id, file_id=upload.file_id)
    request = low_abort_multipart_upload._get_kwargs(body=body)
    return Operation("files.upload", request, lambda reply, settings: None)


def checked_id(id: str) -> str:
    """`id`, when it can stand in a path; the generated client percent-encodes what has to be."""
    if not isinstance(id, str) or id in {"", ".", ".."} or not _is_text(id):
        raise InvalidArgumentError(f"{id!r} is not an id: give the id of a job or file as the service named it")
    return id


def checked_url(location: str, base: str, doing: str) -> str:
    """The address that the service names, from `base`, when bytes may be sent there or fetched from there.

    Refused are other schemes than http and https, a step down from https, a user name, and odd characters.
    """
    try:
        # Joined only where it has no scheme: "http:///x" would become a path at the host of `base`.
        url = location if urlsplit(location).scheme else urljoin(base, location)
        parts = urlsplit(url)
        usable = (
            bool(location and parts.hostname) and parts.port != 0 and parts.username is None and parts.password is None
        )
        safe = parts.scheme == "https" or (parts.scheme == "http" and urlsplit(base).scheme == "http")
        if usable and safe and url.isascii() and url.isprintable() and " " not in url:
            return url
    except ValueError:
        pass
    raise APIResponseValidationError(f"{doing}: the service points to an unusable address; try again later")


def _is_text(text: str) -> bool:
    """Whether `text` can be sent: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _file_id(reply: Reply) -> str | None:
    """The id in a conflict that names the file with the same bytes."""
    try:
        answer = as_object(loads(reply.body)) or {}
    except ValueError:
        return None
    return file_id if isinstance(file_id := answer.get("file_id"), str) else None


def _bare_job(name: str) -> Callable[[Reply, Settings], BatchJob]:
    def read_job(reply: Reply, settings: Settings) -> BatchJob:
        answer = json_object(name, reply, settings)
        # Documented bare, and under `job` in some sources; no job has a field of that name.
        return _read_job(name, answer.get("job", answer), reply, settings)

    return read_job


def _bare_file(name: str) -> Callable[[Reply, Settings], FileObject]:
    def read_file(reply: Reply, settings: Settings) -> FileObject:
        return _read_file(name, json_object(name, reply, settings), reply, settings)

    return read_file


def _read_job(name: str, raw: Any, reply: Reply, settings: Settings, warning: object = None) -> BatchJob:
    if (job := batch_job(raw, warning)) is None:
        raise contract_error(name, reply, "the answer holds a job without an id", settings)
    return job


def _read_file(name: str, raw: Any, reply: Reply, settings: Settings) -> FileObject:
    if (file := file_object(raw)) is None:
        raise contract_error(name, reply, "the answer holds a file without an id", settings)
    return file


def _part(name: str, raw: Any, reply: Reply, settings: Settings) -> tuple[int, Part]:
    if (part := as_object(raw)) is not None:
        # Two spellings are in use.
        number, url = part.get("PartNumber", part.get("part_number")), part.get("URL", part.get("UploadURL"))
        headers = as_object(part.get("Headers") or {})
        if isinstance(number, int) and isinstance(url, str) and headers is not None:
            return number, Part(
                checked_url(url, settings.base_url, name),
                {key: str(value) for key, value in headers.items() if _is_header(key, str(value))},
            )
    raise contract_error(name, reply, "the answer holds a part without a number or a URL", settings)


def _is_header(name: str, value: str) -> bool:
    """Whether storage may ask for this header; the frame of a request, and who sends it, are ours."""
    frame = {"host", "content-length", "transfer-encoding", "connection", "authorization", "cookie"}
    return (name + value).isascii() and (name + value).isprintable() and name.lower() not in frame


def _date(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
