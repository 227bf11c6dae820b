"""The clients: a key, a base URL, a connection pool, and the two resources.

Nothing heavy is imported before a client is made, so that a program that only might need one starts fast.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property

from ._errors import ConfigurationError, InvalidArgumentError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    import httpx

    from ._batches import AsyncBatches, Batches
    from ._files import AsyncFiles, Files
    from ._settings import Settings
    from ._transport._message import AsyncTransport, Tls, Transport

__version__ = "0.1.0"

KEY_VARIABLE = "TOGETHER_API_KEY"
URL_VARIABLE = "TOGETHER_BASE_URL"
DEFAULT_BASE_URL = "https://api.together.ai/v1"
DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_MAX_RETRIES = 4


class Together:
    """A blocking client; threads may share it. Use it in `with`, or `close()` it.

    `api_key` and `base_url` (with or without `/v1`) default to the variables TOGETHER_API_KEY and TOGETHER_BASE_URL;
    `timeout` is in seconds of silence, for connecting, sending and receiving each; `max_retries` counts further
    tries of what is safe to repeat; `http_client` is an `httpx.Client` of your own, which stays yours to close.
    Raises ConfigurationError when the key or the URL is missing or unusable, InvalidArgumentError for the others.
    """

    batches: Batches

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.Client | None = None,
    ) -> None:
        settings = _settings(api_key, base_url, timeout, max_retries)

        from ._batches import Batches
        from ._flow import Api, Blocking, SystemClock
        from ._transport._choice import blocking

        self._settings = settings
        self._owned = http_client is None
        if http_client is None:
            self._transport: Transport = blocking(settings.base_url, _tls(), proxied=_has_proxy())
        else:
            import httpx

            from ._transport._httpx import Httpx

            if not isinstance(http_client, httpx.Client):
                raise InvalidArgumentError(
                    "http_client must be an httpx.Client; AsyncTogether takes an httpx.AsyncClient"
                )
            self._transport = Httpx(http_client)
        self._driver = Blocking(self._transport, Api(settings.base_url, settings.key, user_agent()), SystemClock())
        self.batches = Batches(self._driver, settings)

    @cached_property
    def files(self) -> Files:
        """The files of the account."""
        # On first use: what files need is a third of what there is to load, and a program may only create a job.
        from ._files import Files

        return Files(self._driver, self._settings)

    def close(self) -> None:
        """Closes the connections, unless they are of an `http_client` that was given."""
        if self._owned:
            self._transport.close()

    def __enter__(self) -> Together:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Together(base_url={self._settings.base_url!r})"


class AsyncTogether:
    """As `Together`, awaited: for asyncio and trio. Use it in `async with`, or `await close()` it."""

    batches: AsyncBatches

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        settings = _settings(api_key, base_url, timeout, max_retries)

        from ._batches import AsyncBatches
        from ._flow import Api, SystemClock
        from ._flow_async import Async
        from ._transport._choice import awaited

        self._settings = settings
        self._owned = http_client is None
        if http_client is None:
            self._transport: AsyncTransport = awaited(settings.base_url, _tls(), proxied=_has_proxy())
        else:
            import httpx

            from ._transport._httpx import AsyncHttpx

            if not isinstance(http_client, httpx.AsyncClient):
                raise InvalidArgumentError("http_client must be an httpx.AsyncClient; Together takes an httpx.Client")
            self._transport = AsyncHttpx(http_client)
        self._driver = Async(self._transport, Api(settings.base_url, settings.key, user_agent()), SystemClock())
        self.batches = AsyncBatches(self._driver, settings)

    @cached_property
    def files(self) -> AsyncFiles:
        """The files of the account."""
        from ._files import AsyncFiles

        return AsyncFiles(self._driver, self._settings)

    async def close(self) -> None:
        """As `Together.close`, awaited."""
        if self._owned:
            await self._transport.close()

    async def __aenter__(self) -> AsyncTogether:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncTogether(base_url={self._settings.base_url!r})"


def user_agent() -> str:
    """What the client calls itself; the edge of the service refuses what looks like a bare library."""
    return f"together-batches/{__version__}"


def _tls() -> Tls:
    from functools import partial

    from ._transport._tls import context

    return partial(context, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def _has_proxy() -> bool:
    """Whether the environment or the system names a proxy, as httpx sees it."""
    if not (sys.platform in {"darwin", "win32"} or any(name.lower().endswith("_proxy") for name in os.environ)):
        return False
    # Takes 15 ms to import, for what it knows of systems.
    from urllib.request import getproxies

    return any(getproxies().get(scheme) for scheme in ("http", "https", "all"))


def _settings(api_key: str | None, base_url: str | None, timeout: Any, max_retries: Any) -> Settings:
    key, key_source = _key(api_key)
    url = _base_url(base_url)

    from ._retry import Policy
    from ._settings import Settings, positive_timeout, whole_retries

    return Settings(url, key, key_source, positive_timeout(timeout), Policy(whole_retries(max_retries)))


def _key(api_key: str | None) -> tuple[str, str]:
    """The key, and where it came from. Raises ConfigurationError, which never shows it."""
    source = "api_key=" if api_key is not None else KEY_VARIABLE
    value = api_key if api_key is not None else os.environ.get(KEY_VARIABLE)
    if value is None:
        raise ConfigurationError(f"no API key: set {KEY_VARIABLE}, or give api_key=")
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"the API key in {source} is blank: set {KEY_VARIABLE}, or give api_key=")
    key = value.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            f"the API key in {source} has a line break, a space or another character that no key has: "
            f"set {KEY_VARIABLE} again, or give api_key="
        )
    return key, source


def _base_url(base_url: str | None) -> str:
    """The base URL with its `/v1` and without a slash after it. Raises ConfigurationError."""
    from urllib.parse import urlsplit

    source = "base_url=" if base_url is not None else URL_VARIABLE
    value = base_url if base_url is not None else os.environ.get(URL_VARIABLE)
    if value is None:
        return DEFAULT_BASE_URL

    def wrong(what: str) -> ConfigurationError:
        return ConfigurationError(
            f"the base URL in {source} {what}: set {URL_VARIABLE} like {DEFAULT_BASE_URL}, or give base_url="
        )

    if not isinstance(value, str) or not value.strip():
        raise wrong("is blank")
    url = value.strip()
    if not url.isprintable() or " " in url:
        raise wrong("has a line break, a space or another character that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise wrong("is not an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise wrong("holds a user name or password, which would take the place of the key")
    if "?" in url or "#" in url:
        raise wrong("has a query or a fragment")
    if not url.isascii():
        import httpx

        try:
            url = str(httpx.URL(url))
        except httpx.InvalidURL:
            raise wrong("is not a URL") from None
    url = url.rstrip("/")
    return url if url.endswith("/v1") else f"{url}/v1"
