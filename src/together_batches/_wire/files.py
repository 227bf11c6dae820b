"""The operations on files, but for uploads in parts."""

# The generator marks what builds a request as private, yet it is the half of its output that is wanted here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from together_lowlevel import models
from together_lowlevel.api.files import delete_file as low_delete_file
from together_lowlevel.api.files import get_file as low_get_file
from together_lowlevel.api.files import get_file_content as low_get_file_content
from together_lowlevel.api.files import list_files as low_list_files
from together_lowlevel.api.files import preprocess_file as low_preprocess_file
from together_lowlevel.api.files import start_upload as low_start_upload
from together_lowlevel.types import UNSET

from .._convert import file_object
from .._effects import Flow, Reply
from .._json import as_array, as_object, loads
from .._objects import FileDeleted, FileObject
from .._operation import Operation, attempt, read
from .._reading import contract_error, json_object
from .._settings import Settings
from .checks import checked_id, checked_url


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


def list_files() -> Operation[list[FileObject]]:
    """The contract's `list_files`."""
    name = "files.list"

    def read_files(reply: Reply, settings: Settings) -> list[FileObject]:
        value = json_object(name, reply, settings).get("data")
        data = [] if value is None else as_array(value)
        if data is None:
            raise contract_error(name, reply, "the answer holds no list of files", settings)
        return [read_file(name, item, reply, settings) for item in data]

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


def read_file(name: str, raw: Any, reply: Reply, settings: Settings) -> FileObject:
    if (file := file_object(raw)) is None:
        raise contract_error(name, reply, "the answer holds a file without an id", settings)
    return file


def _bare_file(name: str) -> Callable[[Reply, Settings], FileObject]:
    def read_one(reply: Reply, settings: Settings) -> FileObject:
        return read_file(name, json_object(name, reply, settings), reply, settings)

    return read_one


def _file_id(reply: Reply) -> str | None:
    """The id in a conflict that names the file with the same bytes."""
    try:
        answer = as_object(loads(reply.body)) or {}
    except ValueError:
        return None
    return file_id if isinstance(file_id := answer.get("file_id"), str) else None
