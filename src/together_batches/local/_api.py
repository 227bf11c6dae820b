"""The API origin: who is let in, which path is answered by whom, and the two shapes of an error."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from ._batch_routes import BatchRoutes
from ._file_routes import FileRoutes
from ._http import Origin, Refusal, path
from ._store import Store

_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")
# The types of the errors of files, by status; any other is an invalid request.
_TYPES = {401: "authentication_error", 404: "not_found_error", 500: "server_error"}


def api(store: Store, storage_url: str, api_key: str | None, wake: Callable[[], None]) -> Origin:
    """The ASGI application of the API origin; any key is good unless one is given."""
    batches, files = BatchRoutes(store, wake), FileRoutes(store, storage_url)
    routes = [
        path("/v1/batches", GET=batches.list, POST=batches.create),
        path("/v1/batches/{id}", GET=batches.get),
        path("/v1/batches/{id}/cancel", POST=batches.cancel),
        path("/v1/files", GET=files.list, POST=files.start_upload),
        path("/v1/files/upload", POST=files.upload),
        path("/v1/files/multipart/initiate", POST=files.initiate),
        path("/v1/files/multipart/complete", POST=files.complete),
        path("/v1/files/multipart/abort", POST=files.abort),
        path("/v1/files/{id}", GET=files.get, DELETE=files.delete),
        path("/v1/files/{id}/content", GET=files.content),
        path("/v1/files/{id}/preprocess", POST=files.preprocess),
    ]

    def admit(request: Request) -> None:
        # A page in a browser must not get in by a name that it made point here.
        named = _HOST.fullmatch(request.headers.get("host", ""))
        if named is None or not is_loopback(named[1]):
            raise Refusal(403, "this server answers on loopback only")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        right = bool(key) if api_key is None else hmac.compare_digest(key.encode(), api_key.encode())
        if scheme.lower() != "bearer" or not right:
            raise Refusal(401, "the API key is missing or wrong", www_authenticate="Bearer")

    return Origin(routes, _shape, admit)


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in a URL, is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _shape(path: str, refusal: Refusal, request_id: str) -> dict[str, Any]:
    if path.startswith("/v1/batches"):
        return {"error": refusal.message, "request_id": request_id}
    kind = _TYPES.get(refusal.status, "invalid_request_error")
    return {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": None}}
