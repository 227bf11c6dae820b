"""Which transport a client gets that brings no httpx client of its own."""

from __future__ import annotations

from urllib.request import getproxies

import sniffio

from .._errors import ConfigurationError
from ._message import CLOSED, AsyncAnswer, AsyncTransport, Request, Transport
from ._tls import context


def blocking(base_url: str) -> Transport:
    """Connections of our own, or httpx where the environment names a proxy.

    Raises ConfigurationError where the environment's settings for either are wrong.
    """
    if _has_proxy():
        import httpx

        from ._httpx import Httpx, made

        return Httpx(made(httpx.Client))
    from ._sockets import Sockets

    _check_trust(base_url)
    return Sockets()


def awaited(base_url: str) -> AsyncTransport:
    """As `blocking`; for another library than asyncio it is httpx, too."""
    if _has_proxy():
        return _httpx()
    _check_trust(base_url)
    return _ByLibrary()


class _ByLibrary:
    """Connections of our own on asyncio, httpx on others, settled by the first request."""

    def __init__(self) -> None:
        self._transport: AsyncTransport | None = None
        self._closed = False

    async def send(self, request: Request) -> AsyncAnswer:
        """As `AsyncTransport.send`."""
        if self._closed:
            raise ConfigurationError(CLOSED)
        if self._transport is None:
            self._transport = _own() if sniffio.current_async_library() == "asyncio" else _httpx()
        return await self._transport.send(request)

    async def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            await self._transport.close()


def _own() -> AsyncTransport:
    from ._asyncio import AsyncioConnections

    return AsyncioConnections()


def _httpx() -> AsyncTransport:
    import httpx

    from ._httpx import AsyncHttpx, made

    return AsyncHttpx(made(httpx.AsyncClient))


def _check_trust(base_url: str) -> None:
    # At once, so that a wrong setting is told where the client is made; not at all where no TLS may be needed.
    if base_url.lower().startswith("https:"):
        context()


def _has_proxy() -> bool:
    # As httpx does: the variables, or the settings of the system; "no" names what goes without.
    return any(getproxies().get(scheme) for scheme in ("http", "https", "all"))
