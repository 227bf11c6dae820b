"""What both origins share: routing by path and method, refusals as JSON, and no exception that gets out."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import _json

logger = logging.getLogger("together_batches.local")

# No request but an upload needs more.
MAX_BODY_BYTES = 1024 * 1024

Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """A request that is answered with an error; `extra` is added to the body of the answer."""

    def __init__(self, status: int, message: str, *, param: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


# What a refusal looks like, from the path, the refusal and the id of the request.
Shape = Callable[[str, Refusal, str], dict[str, Any]]


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(_json.dumps(value), status, headers, media_type="application/json")


def path(path: str, **handlers: Handler) -> Route:
    """A path and who answers each method there; any other method is refused."""

    class Endpoint:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            handler = handlers.get(request.method)
            if handler is None:
                raise Refusal(405, f"the method {request.method} is not allowed here", allow=", ".join(handlers))
            await (await handler(request))(scope, receive, send)

    return Route(path, cast("Any", Endpoint()))


class Origin:
    """Answers all requests of one origin."""

    def __init__(self, routes: Iterable[Route], shape: Shape, admit: Callable[[Request], None]) -> None:
        self._router: ASGIApp = Router(list(routes), redirect_slashes=False, default=_nothing_here)
        self._shape = shape
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = uuid.uuid4().hex
        begun = False

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            self._admit(Request(scope))
            await self._router(scope, receive, send_named)
            return
        except ClientDisconnect:
            return
        except Refusal as error:
            refusal = error
        except asyncio.CancelledError:
            if begun:
                raise
            refusal = Refusal(503, "the server is stopping")
        except Exception as error:
            # Its words could hold anything of a request.
            logger.error("request %s failed: %s", request_id, type(error).__name__)
            if begun:
                raise
            refusal = Refusal(500, "internal error")
        answer = self._shape(scope["path"], refusal, request_id)
        await json_response(answer, refusal.status, refusal.headers)(scope, receive, send_named)


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refusal(404, "there is nothing at this path")


async def read_json(request: Request) -> dict[str, Any]:
    """The body of a request, a JSON object. Raises Refusal."""
    try:
        value = _json.loads(await read_body(request))
    except ValueError as error:
        raise Refusal(400, "the body is not valid JSON") from error
    if not _json.is_object(value):
        raise Refusal(400, "the body is not a JSON object")
    return value


async def read_body(request: Request) -> bytes:
    """The body of a request that is no upload. Raises Refusal when it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(400, f"the body has more than {MAX_BODY_BYTES} bytes")
    return body


def text(fields: dict[str, Any], name: str) -> str:
    """A field that must be there and say something. Raises Refusal."""
    value = optional_text(fields, name)
    if not value:
        raise Refusal(400, f"{name} is required", param=name)
    return value


def optional_text(fields: dict[str, Any], name: str) -> str | None:
    """A field that must be text if it is there. Raises Refusal."""
    if name not in fields:
        return None
    value = fields[name]
    if not isinstance(value, str) or not _json.is_unicode(value):
        raise Refusal(400, f"{name} must be a text", param=name)
    return value


def integer(fields: dict[str, Any], name: str, most: int) -> int:
    """A field that must be an integer from 1 to `most`. Raises Refusal."""
    value = fields.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise Refusal(400, f"{name} must be an integer from 1 to {most}", param=name)
    return value
