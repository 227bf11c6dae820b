"""The two drivers of flows: the only code that does network I/O, sleeps, reads a clock, or knows about colour.

`Blocking.run(flow)` and `await Async.run(flow)` differ in nothing but that.
Requests are built whole here, never by the httpx client, so that no default header, cookie or netrc entry of a
client joins a request, and the key goes to the API's origin alone.
"""

from __future__ import annotations

import inspect
import logging
import random
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import anyio
import anyio.to_thread
import httpx
import msgspec
from attrs import field, frozen

from ._effects import (
    Call,
    Effect,
    Failure,
    Fetch,
    Fetched,
    Flow,
    Instant,
    Notify,
    Now,
    Parallel,
    Put,
    Reply,
    Sleep,
    Work,
)
from ._errors import ConfigurationError
from ._logs import quiet
from ._source import Slice

T = TypeVar("T")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)

log = logging.getLogger("together_batches")

# Polls are up to 30 s apart: a connection must outlive the pause between two of them.
KEEPALIVE_SECONDS = 60.0
# An answer as a whole may take this many times the silence that is allowed within it.
ANSWER_TIMEOUTS = 5
# What is kept of an answer that was not asked for, such as an error page in place of a file.
UNWANTED_BYTES = 64 * 1024

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


@frozen
class Api:
    """Where the API is and what each request to it carries."""

    base_url: str
    key: str = field(repr=False)
    user_agent: str

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.key}",
            "User-Agent": self.user_agent,
            "Accept": "application/json",
        }


class Clock(Protocol):
    """Time as the drivers see it; tests bring their own."""

    def now(self) -> Instant: ...
    def between(self, at_least: float, at_most: float) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    async def asleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real time."""

    def now(self) -> Instant:
        return Instant(time.monotonic(), time.time())

    def between(self, at_least: float, at_most: float) -> float:
        return random.uniform(at_least, at_most)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class Blocking:
    """Carries out flows in the calling thread; may be shared by threads."""

    def __init__(self, http: httpx.Client, api: Api, clock: Clock) -> None:
        self.http = http
        self.api = api
        self.clock = clock

    def run(self, flow: Flow[T]) -> T:
        """Drives a flow to its result."""
        outcome: object = None
        error: BaseException | None = None
        try:
            while True:
                effect = flow.send(outcome) if error is None else flow.throw(error)
                outcome = error = None
                try:
                    outcome = self._perform(effect)
                except Exception as raised:
                    error = raised
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Call() | Put():
                return self._exchange(effect)
            case Fetch():
                return self._fetch(effect)
            case Sleep():
                self.clock.sleep(_seconds(self.clock, effect))
                return None
            case Now():
                return self.clock.now()
            case Notify():
                return effect.callback(effect.value)
            case Work():
                return effect.function()
            case Parallel():
                return self._parallel(effect)

    def _exchange(self, effect: Call | Put) -> Reply | Failure:
        try:
            with quiet():
                request = _request(self.api, effect)
                response = self.http.send(request, auth=None, follow_redirects=False, stream=True)
                limit = _Limit(self.clock, effect)
                with closing(response):
                    for chunk in response.iter_bytes():
                        limit.take(chunk)
                return _reply(response, limit.body())
        except (*_BROKEN, _TookTooLong) as error:
            return _failure(error)
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    def _fetch(self, effect: Fetch) -> Fetched | Failure:
        head: Reply | None = None
        try:
            with quiet():
                request = _request(self.api, effect)
                response = self.http.send(request, auth=None, follow_redirects=False, stream=True)
                with closing(response):
                    head = _reply(response)
                    if not effect.begin(head):
                        return Fetched(_reply(response, _first(response.iter_bytes())))
                    # Decoding costs time, and is needed only where the server encoded unasked.
                    encoded = "content-encoding" in head.headers
                    for chunk in response.iter_bytes() if encoded else response.iter_raw():
                        effect.sink.write(chunk)
                    return Fetched(head)
        except _BROKEN as error:
            return _failure(error) if head is None else Fetched(head, _failure(error))
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    def _parallel(self, effect: Parallel) -> list[Any]:
        try:
            with ThreadPoolExecutor(max_workers=effect.limit, thread_name_prefix="together-batches") as pool:
                futures: list[Future[Any]] = [pool.submit(self.run, flow) for flow in effect.flows]
                try:
                    for future in as_completed(futures):
                        future.result()
                except BaseException:
                    effect.stop()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            return [future.result() for future in futures]
        finally:
            _close_all(effect)


class Async:
    """Carries out flows in a task, on asyncio or trio."""

    def __init__(self, http: httpx.AsyncClient, api: Api, clock: Clock) -> None:
        self.http = http
        self.api = api
        self.clock = clock

    async def run(self, flow: Flow[T]) -> T:
        """Drives a flow to its result; cancelling the task closes the flow."""
        outcome: object = None
        error: BaseException | None = None
        try:
            while True:
                effect = flow.send(outcome) if error is None else flow.throw(error)
                outcome = error = None
                try:
                    outcome = await self._perform(effect)
                except Exception as raised:
                    error = raised
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Call() | Put():
                return await self._exchange(effect)
            case Fetch():
                return await self._fetch(effect)
            case Sleep():
                await self.clock.asleep(_seconds(self.clock, effect))
                return None
            case Now():
                return self.clock.now()
            case Notify():
                answer = effect.callback(effect.value)
                return await answer if inspect.isawaitable(answer) else answer
            case Work():
                return await anyio.to_thread.run_sync(effect.function)
            case Parallel():
                return await self._parallel(effect)

    async def _exchange(self, effect: Call | Put) -> Reply | Failure:
        try:
            with quiet():
                request = _request(self.api, effect, is_async=True)
                response = await self.http.send(request, auth=None, follow_redirects=False, stream=True)
                limit = _Limit(self.clock, effect)
                async with _aclosing(response):
                    async for chunk in response.aiter_bytes():
                        limit.take(chunk)
                return _reply(response, limit.body())
        except (*_BROKEN, _TookTooLong) as error:
            return _failure(error)
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    async def _fetch(self, effect: Fetch) -> Fetched | Failure:
        head: Reply | None = None
        try:
            with quiet():
                request = _request(self.api, effect, is_async=True)
                response = await self.http.send(request, auth=None, follow_redirects=False, stream=True)
                async with _aclosing(response):
                    head = _reply(response)
                    if not effect.begin(head):
                        return Fetched(_reply(response, await _afirst(response.aiter_bytes())))
                    encoded = "content-encoding" in head.headers
                    async for chunk in response.aiter_bytes() if encoded else response.aiter_raw():
                        effect.sink.write(chunk)
                    return Fetched(head)
        except _BROKEN as error:
            return _failure(error) if head is None else Fetched(head, _failure(error))
        except RuntimeError as error:
            _raise_if_closed(self.http, error)
            raise

    async def _parallel(self, effect: Parallel) -> list[Any]:
        results: list[Any] = [None] * len(effect.flows)
        errors: list[Exception] = []
        limit = anyio.CapacityLimiter(effect.limit)

        async def one(index: int, flow: Flow[Any]) -> None:
            async with limit:
                try:
                    results[index] = await self.run(flow)
                except Exception as error:
                    # Kept aside, so that no exception group reaches the caller.
                    errors.append(error)
                    tasks.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as tasks:
                for index, flow in enumerate(effect.flows):
                    tasks.start_soon(one, index, flow)
        finally:
            _close_all(effect)
        if errors:
            raise errors[0]
        return results


@frozen
class _AsyncBody:
    """A slice of a file for the async client; the reads are of the local disk and short."""

    body: Slice

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.body:
            yield chunk


def _request(api: Api, effect: Call | Put | Fetch, *, is_async: bool = False) -> httpx.Request:
    timeout = httpx.Timeout(effect.timeout).as_dict()
    match effect:
        case Call():
            headers = api.headers()
            content = None
            if effect.json is not None:
                content = msgspec.json.encode(effect.json)
                headers["Content-Type"] = "application/json"
            elif effect.form is not None:
                content = urlencode(effect.form).encode()
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            return _built(effect.method, api.base_url + effect.path, headers, timeout, content=content)
        case Put():
            headers = {
                **effect.headers,
                "User-Agent": api.user_agent,
                "Content-Length": str(effect.body.size),
            }
            body = _AsyncBody(effect.body) if is_async else effect.body
            return _built("PUT", effect.url, headers, timeout, content=body)
        case Fetch():
            # Content is verified and resumed by its length, so it must come as it is.
            own = {"User-Agent": api.user_agent, "Accept": "*/*", "Accept-Encoding": "identity", **effect.headers}
            url = api.base_url + effect.target if effect.target.startswith("/") else effect.target
            if same_origin(url, api.base_url):
                own = {**api.headers(), **own}
            return _built("GET", url, own, timeout)


def same_origin(url: str, other: str) -> bool:
    """Whether two absolute URLs are of one scheme, host and port: only there may the key go."""
    one, two = httpx.URL(url), httpx.URL(other)
    return (one.scheme, one.host, one.port) == (two.scheme, two.host, two.port)


def _built(method: str, url: str, headers: dict[str, str], timeout: dict[str, Any], **body: Any) -> httpx.Request:
    return httpx.Request(method, url, headers=headers, extensions={"timeout": timeout}, **body)


def _reply(response: httpx.Response, body: bytes = b"") -> Reply:
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _failure(error: Exception) -> Failure:
    words = str(error) or type(error).__name__
    timed_out = isinstance(error, (httpx.TimeoutException, _TookTooLong))
    return Failure(words, not isinstance(error, _NEVER_SENT), timed_out, error)


class _TookTooLong(Exception):
    """An answer kept coming, a little at a time."""


class _Limit:
    """Gathers a small answer, for a limited time: the timeouts of httpx bound only the silence between two pieces."""

    def __init__(self, clock: Clock, effect: Call | Put) -> None:
        self._clock = clock
        self._seconds = effect.timeout * ANSWER_TIMEOUTS
        self._end = clock.now().monotonic + self._seconds
        self._chunks: list[bytes] = []

    def take(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        if self._clock.now().monotonic > self._end:
            raise _TookTooLong(f"the answer was not complete after {self._seconds:g} s")

    def body(self) -> bytes:
        return b"".join(self._chunks)


@asynccontextmanager
async def _aclosing(response: httpx.Response) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        # A cancelled task may not wait for anything else, yet the connection has to be closed.
        with anyio.CancelScope(shield=True):
            await response.aclose()


def _seconds(clock: Clock, effect: Sleep) -> float:
    seconds = clock.between(effect.at_least, effect.at_most)
    if effect.before:
        log.info("%s; trying again in %.2f s", effect.before, seconds)
    return seconds


def _raise_if_closed(http: httpx.Client | httpx.AsyncClient, error: RuntimeError) -> None:
    """httpx has no type of its own for the use of a closed client."""
    if http.is_closed:
        raise ConfigurationError("this client is closed: make a new one") from error


def _first(chunks: Iterator[bytes]) -> bytes:
    kept = b""
    for chunk in chunks:
        kept += chunk
        if len(kept) >= UNWANTED_BYTES:
            break
    return kept[:UNWANTED_BYTES]


async def _afirst(chunks: AsyncIterator[bytes]) -> bytes:
    kept = b""
    async for chunk in chunks:
        kept += chunk
        if len(kept) >= UNWANTED_BYTES:
            break
    return kept[:UNWANTED_BYTES]


def _close_all(effect: Parallel) -> None:
    for flow in effect.flows:
        flow.close()


def made(kind: type[Http]) -> Http:
    """An httpx client as ours shall be. Raises ConfigurationError where the environment's settings for it are wrong."""
    global _tls
    try:
        # The certificates are loaded once a process: that is most of the cost of making a client.
        _tls = _tls or httpx.create_ssl_context()
        return kind(verify=_tls, limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS))
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            f"cannot set up HTTP: {error}; look at SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
        ) from error


_tls: ssl.SSLContext | None = None
