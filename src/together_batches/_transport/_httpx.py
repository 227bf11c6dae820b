"""Requests carried by an httpx client: a user's own, or one of ours where there is a proxy or no asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TypeVar

import anyio
import httpx

from .._errors import ConfigurationError
from ._message import CLOSED, Request, Tls, TransportError
from ._sockets import KEEPALIVE_SECONDS
from ._tls import setup_error

TYPE_CHECKING = False

if TYPE_CHECKING:
    from .._source import Slice

Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)

# What httpx raises; the last where a redirect comes with a cookie that it cannot send on.
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)


class Httpx:
    """A blocking httpx client as a transport."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def send(self, request: Request) -> _Answer:
        """As `Transport.send`."""
        try:
            built = _built(request, request.body)
            return _Answer(self.http.send(built, auth=None, follow_redirects=False, stream=True))
        except _BROKEN as error:
            raise _failure(error) from error
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    def close(self) -> None:
        self.http.close()


class _Answer:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response

    def chunks(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_bytes()
        except _BROKEN as error:
            raise _failure(error) from error

    def close(self) -> None:
        self._response.close()


class AsyncHttpx:
    """An httpx client for asyncio and trio as a transport."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def send(self, request: Request) -> _AsyncAnswer:
        """As `AsyncTransport.send`."""
        body = request.body
        try:
            built = _built(request, body if body is None or isinstance(body, bytes) else _AsyncBody(body))
            return _AsyncAnswer(await self.http.send(built, auth=None, follow_redirects=False, stream=True))
        except _BROKEN as error:
            raise _failure(error) from error
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    async def close(self) -> None:
        await self.http.aclose()


class _AsyncAnswer:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except _BROKEN as error:
            raise _failure(error) from error

    async def close(self) -> None:
        # A cancelled task may not wait for anything else, yet the connection has to be closed.
        with anyio.CancelScope(shield=True):
            await self._response.aclose()


class _AsyncBody:
    """A slice of a file for the async client; the reads are of the local disk and short."""

    def __init__(self, body: Slice) -> None:
        self.size = body.size
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._body:
            yield chunk


def made(kind: type[Http], tls: Tls) -> Http:
    """An httpx client as ours shall be. Raises ConfigurationError where the environment's settings for it are wrong."""
    try:
        return kind(verify=tls(), limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS))
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise setup_error(error) from error


def _built(request: Request, body: bytes | Slice | _AsyncBody | None) -> httpx.Request:
    # Whole, and not by the client, so that no default header, cookie or netrc entry of a client joins it.
    headers = dict(request.headers)
    if body is not None and not isinstance(body, bytes):
        headers["Content-Length"] = str(body.size)
    timeout = httpx.Timeout(request.timeout).as_dict()
    return httpx.Request(request.method, request.url, headers=headers, content=body, extensions={"timeout": timeout})


def _headers(response: httpx.Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _failure(error: Exception) -> TransportError:
    return TransportError(
        str(error) or type(error).__name__,
        sent=not isinstance(error, _NEVER_SENT),
        timed_out=isinstance(error, httpx.TimeoutException),
    )


def _raise_if_closed(http: httpx.Client | httpx.AsyncClient, error: RuntimeError) -> None:
    """httpx has no type of its own for the use of a closed client."""
    if http.is_closed:
        raise ConfigurationError(CLOSED) from error
