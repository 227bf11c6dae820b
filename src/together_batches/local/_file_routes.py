"""The operations on files. A file is there from the moment its bytes are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from . import _json
from ._content import content_response
from ._folder import CHUNK_BYTES
from ._http import Refusal, integer, json_response, optional_text, read_body, read_json, text
from ._records import FILE_TYPES, PURPOSES, File, Upload
from ._signing import Signer
from ._storage import PART_HEADER, file_path, part_path
from ._store import Store

# The contract of 2025-11 says so.
MAX_PARTS = 250
MAX_FILE_BYTES = 2**53

_CHECKSUM = re.compile(r"[0-9a-f]{64}")


class FileRoutes:
    """One method for each operation; each answers or raises Refusal."""

    def __init__(self, store: Store, storage_url: str) -> None:
        self._store = store
        self._storage_url = storage_url
        self._signer = Signer(store.secret)

    async def list(self, request: Request) -> Response:
        """All files whose bytes are there."""
        return json_response({"data": [file.to_wire() for file in self._store.files()]})

    async def get(self, request: Request) -> Response:
        """A file."""
        return json_response(self._file(request).to_wire())

    async def delete(self, request: Request) -> Response:
        """Removes a file; a job that is reading it reads on."""
        file = self._file(request)
        self._store.remove_file(file.id)
        return json_response({"id": file.id, "deleted": True})

    async def content(self, request: Request) -> Response:
        """The bytes of a file."""
        file = self._file(request)
        try:
            opened = self._store.folder.file(file.id).open("rb")
        except FileNotFoundError as error:  # another process has removed it just now
            raise _not_found() from error
        return content_response(opened, f'"{file.sha256}"', request)

    async def start_upload(self, request: Request) -> Response:
        """Redirects to where the bytes go, or names the file that has them: only a checksum can tell."""
        async with _form(request) as fields:
            _refuse_files(fields)
        file = self._described(fields)
        if file.checksum and (same := self._store.same_file(file.checksum, file.purpose)):
            return json_response({"file_id": same.id}, 409)
        self._store.put_file(file)
        headers = {"location": self._presigned(file_path(file.id)), "x-together-file-id": file.id}
        return Response(status_code=302, headers=headers)

    async def preprocess(self, request: Request) -> Response:
        """Makes an uploaded file final."""
        file = self._file(request)
        return json_response(self._process(file.id).to_wire())

    async def upload(self, request: Request) -> Response:
        """The description and the bytes of a file, in one form."""
        async with _form(request) as fields:
            content = fields.pop("file", None)
            _refuse_files(fields)
            if not isinstance(content, UploadFile):
                raise Refusal(400, "file is required", param="file")
            file = self._described({"file_type": FILE_TYPES[0]} | fields)
            self._store.put_file(file)
            arrived = await self._store.folder.receive(_chunks(content), self._store.folder.file(file.id))
        self._store.keep_content(file.id, arrived)
        return json_response(self._process(file.id).to_wire())

    async def initiate(self, request: Request) -> Response:
        """Begins an upload in parts."""
        fields = await read_json(request)
        size = integer(fields, "file_size", MAX_FILE_BYTES)
        parts = integer(fields, "num_parts", MAX_PARTS)
        file = self._described(fields)
        self._store.put_file(file)
        upload = self._store.add_upload(file, size, parts)
        return json_response(
            {
                "upload_id": upload.id,
                "file_id": file.id,
                "parts": [
                    {
                        "PartNumber": number,
                        "URL": self._presigned(part_path(upload.id, number)),
                        "Headers": {PART_HEADER: str(number)},
                    }
                    for number in range(1, parts + 1)
                ],
            }
        )

    async def complete(self, request: Request) -> Response:
        """Joins the parts to a file."""
        fields = await read_json(request)
        upload = self._upload(fields)
        named = fields.get("parts")
        if not _json.is_list(named):
            raise Refusal(400, "parts must be a list", param="parts")
        sent = [_part(one) for one in named]
        held = self._store.parts(upload.id)
        if [number for number, _ in sorted(sent)] != list(range(1, upload.parts + 1)) or len(held) != upload.parts:
            raise Refusal(400, f"{upload.parts} parts have to be sent and named, each once", param="parts")
        if dict(sent) != {part.number: part.etag for part in held}:
            raise Refusal(400, "an etag is not the one of its part", param="parts")
        if (size := sum(part.size for part in held)) != upload.size:
            raise Refusal(400, f"the parts have {size} bytes, announced were {upload.size}", param="parts")
        folder = self._store.folder
        sources = [folder.part(upload.id, part.number) for part in held]
        try:
            arrived = await asyncio.to_thread(folder.join, sources, folder.file(upload.file_id))
        except FileNotFoundError as error:  # completed or aborted twice, at the same time
            raise _no_upload() from error
        self._store.keep_content(upload.file_id, arrived)
        file = self._process(upload.file_id)
        self._store.end_upload(upload)
        return json_response({"file": file.to_wire()})

    async def abort(self, request: Request) -> Response:
        """Gives up an upload in parts."""
        upload = self._upload(await read_json(request))
        self._store.end_upload(upload)
        self._store.remove_file(upload.file_id)
        return json_response({"success": True})

    def _described(self, fields: dict[str, Any]) -> File:
        """A file as a request describes it."""
        purpose = text(fields, "purpose")
        if purpose not in PURPOSES:
            raise Refusal(400, f"purpose must be one of {', '.join(PURPOSES)}", param="purpose")
        name = text(fields, "file_name" if "file_name" in fields else "filename")
        file_type = text(fields, "file_type")
        if file_type not in FILE_TYPES:
            raise Refusal(400, f"file_type must be one of {', '.join(FILE_TYPES)}", param="file_type")
        checksum = optional_text(fields, "checksum") or None
        if checksum is not None and not _CHECKSUM.fullmatch(checksum):
            raise Refusal(400, "checksum must be a SHA-256 in 64 hexadecimal digits", param="checksum")
        return File.new(name, purpose, file_type, checksum)

    def _presigned(self, path: str) -> str:
        return self._storage_url + self._signer.sign(path)

    def _file(self, request: Request) -> File:
        file = self._store.file(request.path_params["id"])
        if file is None or file.size is None:
            raise _not_found()
        return file

    def _process(self, file_id: str) -> File:
        file = self._store.file(file_id)
        if file is None:  # removed while its bytes were put together
            self._store.remove_file(file_id)
            raise _not_found()
        if file.checksum not in {None, file.sha256}:
            self._store.remove_file(file_id)
            raise Refusal(400, "the bytes do not have the checksum that was announced", param="checksum")
        return self._store.process_file(file_id) or file

    def _upload(self, fields: dict[str, Any]) -> Upload:
        upload_id, file_id = (optional_text(fields, name) for name in ("upload_id", "file_id"))
        if upload_id is None or file_id is None:
            raise Refusal(400, "upload_id and file_id are required")
        upload = self._store.upload(upload_id)
        if upload is None or upload.file_id != file_id:
            raise _no_upload()
        return upload


@asynccontextmanager
async def _form(request: Request) -> AsyncGenerator[dict[str, Any]]:
    """The fields of a form of either kind; files in it are open for the length of the block. Raises Refusal."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        raise Refusal(400, "the body must be a form")
    try:
        if kind == "multipart/form-data":
            form = await request.form()
        else:
            form = FormData(dict(parse_qsl((await read_body(request)).decode("ascii"), keep_blank_values=True)))
    except (MultiPartException, ValueError) as error:
        raise Refusal(400, "the form cannot be read") from error
    try:
        yield dict(form)
    finally:
        await form.close()


def _refuse_files(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, UploadFile):
            raise Refusal(400, f"{name} must be a text", param=name)


async def _chunks(content: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await content.read(CHUNK_BYTES):
        yield chunk


def _part(value: Any) -> tuple[int, str]:
    fields: dict[str, Any] = value if _json.is_object(value) else {}
    number = fields.get("part_number", fields.get("PartNumber"))
    etag = fields.get("etag", fields.get("ETag"))
    if type(number) is not int or not isinstance(etag, str):
        raise Refusal(400, "each part must have a part_number and an etag", param="parts")
    return number, etag


def _not_found() -> Refusal:
    return Refusal(404, "no such file, or its bytes have not been sent")


def _no_upload() -> Refusal:
    return Refusal(404, "no such upload, or it was completed or aborted")
