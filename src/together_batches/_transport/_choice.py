"""Which transport a client gets that brings no httpx client of its own."""

from __future__ import annotations

from .._errors import ConfigurationError
from ._message import CLOSED, AsyncAnswer, AsyncTransport, Request, Tls, Transport


def blocking(base_url: str, tls: Tls, *, proxied: bool) -> Transport:
    """Connections of our own, or httpx where there is a proxy.

    Raises ConfigurationError where what the environment says of either cannot be used.
    """
    if proxied:
        import httpx

        from ._httpx import Httpx, made

        return Httpx(made(httpx.Client, tls))
    from ._sockets import Sockets

    _check(tls, base_url)
    return Sockets(tls)


def awaited(base_url: str, tls: Tls, *, proxied: bool) -> AsyncTransport:
    """As `blocking`; for another library than asyncio it is httpx, too."""
    if proxied:
        return _httpx(tls)
    _check(tls, base_url)
    return _ByLibrary(tls)


class _ByLibrary:
    """Connections of our own on asyncio, httpx on others, settled by the first request."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._transport: AsyncTransport | None = None
        self._closed = False

    async def send(self, request: Request) -> AsyncAnswer:
        """As `AsyncTransport.send`."""
        if self._closed:
            raise ConfigurationError(CLOSED)
        if self._transport is None:
            import sniffio

            self._transport = self._own() if sniffio.current_async_library() == "asyncio" else _httpx(self._tls)
        return await self._transport.send(request)

    async def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            await self._transport.close()

    def _own(self) -> AsyncTransport:
        from ._asyncio import AsyncioConnections

        return AsyncioConnections(self._tls)


def _httpx(tls: Tls) -> AsyncTransport:
    import httpx

    from ._httpx import AsyncHttpx, made

    return AsyncHttpx(made(httpx.AsyncClient, tls))


def _check(tls: Tls, base_url: str) -> None:
    # At once, so that a wrong setting is told where the client is made; not at all where no TLS may be needed.
    if base_url.lower().startswith("https:"):
        tls()
