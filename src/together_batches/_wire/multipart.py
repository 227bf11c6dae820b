"""The operations of an upload in parts."""

# The generator marks what builds a request as private, yet it is the half of its output that is wanted here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from together_lowlevel import models
from together_lowlevel.api.files import abort_multipart_upload as low_abort_multipart_upload
from together_lowlevel.api.files import complete_multipart_upload as low_complete_multipart_upload
from together_lowlevel.api.files import initiate_multipart_upload as low_initiate_multipart_upload
from together_lowlevel.types import UNSET

from .._effects import Reply
from .._json import as_array, as_object
from .._objects import FileObject
from .._operation import Operation
from .._reading import contract_error, json_object
from .._settings import Settings
from .checks import checked_url
from .files import NewFile, read_file


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

    def read_completed(reply: Reply, settings: Settings) -> FileObject:
        answer = json_object(name, reply, settings)
        return read_file(name, answer.get("file", answer), reply, settings)

    return Operation(name, low_complete_multipart_upload._get_kwargs(body=body), read_completed)


def abort_multipart_upload(upload: MultipartUpload) -> Operation[None]:
    """The contract's `abort_multipart_upload`."""
    body = models.AbortMultipartRequest(upload_id=upload.upload_id, file_id=upload.file_id)
    request = low_abort_multipart_upload._get_kwargs(body=body)
    return Operation("files.upload", request, lambda reply, settings: None)


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
