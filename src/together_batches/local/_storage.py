"""The second origin: takes the bytes of uploads at presigned URLs, and must never be shown the key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ._folder import Arrived
from ._http import Origin, Refusal, json_response, path
from ._records import Part
from ._signing import Signer
from ._store import Store

# A part is taken only with the header that was given out with its URL.
PART_HEADER = "x-together-part"


def storage(store: Store) -> Origin:
    """The ASGI application of the storage origin."""
    routes = _Routes(store, Signer(store.secret))
    return Origin(
        [path("/files/{file_id}", PUT=routes.put_file), path("/parts/{upload_id}/{number}", PUT=routes.put_part)],
        _shape,
        _admit,
    )


def file_path(file_id: str) -> str:
    """Where the bytes of a file go."""
    return f"/files/{file_id}"


def part_path(upload_id: str, number: int) -> str:
    """Where the bytes of a part go."""
    return f"/parts/{upload_id}/{number}"


def _shape(path: str, refusal: Refusal, request_id: str) -> dict[str, Any]:
    return {"error": {"message": refusal.message, "request_id": request_id}}


def _admit(request: Request) -> None:
    if "authorization" in request.headers:
        raise Refusal(400, "a presigned URL is not to be shown a key: send no Authorization header")


class _Routes:
    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    async def put_file(self, request: Request) -> Response:
        """The bytes of a file; they may be sent again until the file is processed."""
        self._check_signature(request)
        file_id = request.path_params["file_id"]

        def check() -> None:
            file = self._store.file(file_id)
            if file is None:
                raise Refusal(404, "the file is gone")
            if file.processed:
                raise Refusal(403, "the file is final")

        check()
        arrived = await self._receive(request, self._store.folder.file(file_id), check)
        self._store.keep_content(file_id, arrived)
        return _taken(arrived)

    async def put_part(self, request: Request) -> Response:
        """The bytes of a part; they may be sent again until the upload is completed."""
        self._check_signature(request)
        upload_id, number = request.path_params["upload_id"], int(request.path_params["number"])

        def check() -> None:
            if self._store.upload(upload_id) is None:
                raise Refusal(404, "the upload is gone")

        check()
        if request.headers.get(PART_HEADER) != str(number):
            raise Refusal(403, f"the header {PART_HEADER}, which came with the URL, is missing or wrong")
        arrived = await self._receive(request, self._store.folder.part(upload_id, number), check)
        self._store.keep_part(upload_id, Part(number, _etag(arrived), arrived.size))
        return _taken(arrived)

    def _check_signature(self, request: Request) -> None:
        expires, signature = (request.query_params.get(name, "") for name in ("expires", "signature"))
        if not self._signer.is_open(request.scope["path"], expires, signature):
            raise Refusal(403, "the signature is wrong or has expired")

    async def _receive(self, request: Request, target: Path, still_wanted: Callable[[], None]) -> Arrived:
        if "content-length" not in request.headers:
            raise Refusal(411, "Content-Length is required")
        return await self._store.folder.receive(_stream(request), target, still_wanted)


async def _stream(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


def _taken(arrived: Arrived) -> Response:
    return json_response({}, headers={"etag": _etag(arrived)})


def _etag(arrived: Arrived) -> str:
    return f'"{arrived.sha256[:32]}"'
