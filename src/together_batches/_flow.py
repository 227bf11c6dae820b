"""The drivers of flows: the only code that does network I/O, sleeps, reads a clock, or knows about colour.

`Blocking.run(flow)` and, in `_flow_async`, `await Async.run(flow)` differ in nothing but that.
Requests are built whole here, so that nothing of a client joins them, and the key goes to the API's origin alone.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

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
from ._logs import quiet, without_queries
from ._transport._message import (
    ANSWER_TIMEOUTS,
    Answer,
    AsyncAnswer,
    Request,
    Transport,
    TransportError,
    split,
    too_slow,
)

T = TypeVar("T")

log = logging.getLogger("together_batches")

# What is kept of an answer that was not asked for, such as an error page in place of a file.
UNWANTED_BYTES = 64 * 1024


class Api:
    """Where the API is and what each request to it carries."""

    def __init__(self, base_url: str, key: str, user_agent: str) -> None:
        self.base_url = base_url
        self.user_agent = user_agent
        self.origin, self._path = split(base_url)
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": user_agent, "Accept": "application/json"}

    def __repr__(self) -> str:
        return f"Api(base_url={self.base_url!r})"

    def request(self, effect: Call | Put | Fetch) -> Request:
        """The request that an effect asks for. Raises TransportError where its address cannot be used."""
        match effect:
            case Call():
                headers, body = self._headers, None
                if effect.json is not None:
                    body = msgspec.json.encode(effect.json)
                    headers = {**headers, "Content-Type": "application/json"}
                elif effect.form is not None:
                    body = urlencode(effect.form).encode()
                    headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
                return Request(effect.method, self.origin, self._path + effect.path, headers, effect.timeout, body)
            case Put():
                origin, target = split(effect.url)
                own = {**effect.headers, "User-Agent": self.user_agent}
                return Request("PUT", origin, target, own, effect.timeout, effect.body)
            case Fetch():
                # Content is verified and resumed by its length, so it must come as it is.
                own = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": "identity", **effect.headers}
                is_path = effect.target.startswith("/")
                origin, target = (self.origin, self._path + effect.target) if is_path else split(effect.target)
                if origin == self.origin:
                    own = {**self._headers, **own}
                return Request("GET", origin, target, own, effect.timeout)


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
        import anyio

        await anyio.sleep(seconds)


class Blocking:
    """Carries out flows in the calling thread; may be shared by threads."""

    def __init__(self, transport: Transport, api: Api, clock: Clock) -> None:
        self.transport = transport
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
                self.clock.sleep(pause_seconds(self.clock, effect))
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
            request = self.api.request(effect)
            with quiet(), closing(self.transport.send(request)) as answer:
                note(request, answer)
                limit = Limit(self.clock, effect.timeout)
                for chunk in answer.chunks():
                    limit.take(chunk)
                return reply(answer, limit.body())
        except TransportError as error:
            return failure(error)

    def _fetch(self, effect: Fetch) -> Fetched | Failure:
        head: Reply | None = None
        try:
            request = self.api.request(effect)
            with quiet(), closing(self.transport.send(request)) as answer:
                note(request, answer)
                head = reply(answer)
                if not effect.begin(head):
                    return Fetched(reply(answer, _first(answer.chunks())))
                for chunk in answer.chunks():
                    effect.sink.write(chunk)
                return Fetched(head)
        except TransportError as error:
            return failure(error) if head is None else Fetched(head, failure(error))

    def _parallel(self, effect: Parallel) -> list[Any]:
        from concurrent.futures import Future, ThreadPoolExecutor, as_completed

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
            close_all(effect)


def same_origin(url: str, other: str) -> bool:
    """Whether two absolute URLs are of one scheme, host and port: only there may the key go."""
    return split(url)[0] == split(other)[0]


class Limit:
    """Gathers a small answer, for a limited time: a timeout bounds only the silence between two pieces."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._seconds = timeout * ANSWER_TIMEOUTS
        self._end = clock.now().monotonic + self._seconds
        self._chunks: list[bytes] = []

    def take(self, chunk: bytes | memoryview) -> None:
        """Raises TransportError when the time is over."""
        self._chunks.append(bytes(chunk))
        if self._clock.now().monotonic > self._end:
            raise too_slow("answer", self._seconds)

    def body(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)


def note(request: Request, answer: Answer | AsyncAnswer) -> None:
    """Logs a request, for whoever looks for a fault; without its query, which may be a signature."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s %s: status %d", request.method, without_queries(request.url), answer.status)


def reply(answer: Answer | AsyncAnswer, body: bytes = b"") -> Reply:
    """An answer as flows see it."""
    return Reply(answer.status, answer.headers, body)


def failure(error: TransportError) -> Failure:
    """What a flow is told of an answer that did not come."""
    return Failure(str(error), error.sent, error.timed_out, error.__cause__ or error)


def pause_seconds(clock: Clock, effect: Sleep) -> float:
    """How long a pause is this time."""
    seconds = clock.between(effect.at_least, effect.at_most)
    if effect.before:
        log.info("%s; trying again in %.2f s", effect.before, seconds)
    return seconds


def close_all(effect: Parallel) -> None:
    """Closes flows, those that never began, too."""
    for flow in effect.flows:
        flow.close()


def _first(chunks: Iterator[bytes | memoryview]) -> bytes:
    kept = b""
    for chunk in chunks:
        kept += chunk
        if len(kept) >= UNWANTED_BYTES:
            break
    return kept[:UNWANTED_BYTES]
