"""Where a case is played: a server, a folder, a client of either colour, and the tests' time."""

from __future__ import annotations

import asyncio
import inspect
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from attrs import define, field

from faults.clock import Clock
from faults.server import FaultServer
from faults.tls import contexts
from together_batches import AsyncTogether, Together, _upload
from together_batches._effects import Instant
from together_batches._transport._asyncio import AsyncioConnections
from together_batches._transport._sockets import Sockets

ENDPOINT = "/v1/chat/completions"
COLOURS = ("blocking", "async")
OLD = b"the file of an earlier run\n"
PART_BYTES = 1000
WATCHDOG_SECONDS = 20.0
# Long enough for a healthy answer on a busy machine, short enough for a table full of stalls.
SHORT_SECONDS = 0.15

# Without a handler of its own, what the client warns of would be printed by logging's last resort.
logging.getLogger("together_batches").addHandler(logging.NullHandler())


class DriverClock:
    """The tests' time, as a driver takes it; pauses take the middle of their bounds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.unix())

    def between(self, at_least: float, at_most: float) -> float:
        return (at_least + at_most) / 2

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await self._clock.asleep(seconds)


@define
class Stage:
    """What a case is about: `data` is what the file in question holds, `file_id` and `job_id` name what is there."""

    server: FaultServer
    root: Path
    data: bytes = b""
    file_id: str = ""
    job_id: str = ""
    notes: dict[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.temporary.mkdir()

    @property
    def folder(self) -> Path:
        """What the user sees."""
        return self.root / "folder"

    @property
    def temporary(self) -> Path:
        return self.root / "temporary"

    @property
    def source(self) -> Path:
        return self.folder / "batch_input.jsonl"

    @property
    def target(self) -> Path:
        return self.folder / "answers.jsonl"


def lines(count: int, note: str = "hello") -> bytes:
    """A request file."""
    return b"".join(
        b'{"custom_id":"r%d","body":{"model":"m","note":"%s"}}\n' % (i, note.encode()) for i in range(count)
    )


@contextmanager
def small_parts(at_once: int = 4) -> Iterator[None]:
    """Files of more than two thousand bytes go up in parts of a thousand."""
    limits: dict[str, Any] = {
        "MULTIPART_ABOVE_BYTES": 2 * PART_BYTES,
        "PART_BYTES": PART_BYTES,
        "PARTS_AT_ONCE": at_once,
    }
    with patch.multiple(_upload, **limits):
        yield


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    with patch.object(tempfile, "tempdir", str(folder)):
        yield


def _trust() -> ssl.SSLContext:
    return contexts()[1]


def blocking_client(
    server: FaultServer, *, tls: bool = False, clock: DriverClock | None = None, **options: Any
) -> Together:
    """A client of the server, in the tests' time."""
    client = Together(server.key, server.base_url, **{"timeout": 10.0, **options})
    if tls:
        client._transport = client.files._driver.transport = Sockets(_trust)
    client.files._driver.clock = clock or DriverClock(server.clock)
    assert client.files._driver is client.batches._driver
    return client


def async_client(
    server: FaultServer, *, tls: bool = False, clock: DriverClock | None = None, **options: Any
) -> AsyncTogether:
    """A client of the server, in the tests' time."""
    client = AsyncTogether(server.key, server.base_url, **{"timeout": 10.0, **options})
    if tls:
        client._transport = client.files._driver.transport = AsyncioConnections(_trust)
    client.files._driver.clock = clock or DriverClock(server.clock)
    assert client.files._driver is client.batches._driver
    return client


class Hangs(Exception):
    """A call did not end."""


Call = Callable[[Any], Any]


def play(colour: str, server: FaultServer, call: Call, *, tls: bool = False, **options: Any) -> Any:
    """Make a client, make one call of it, and close it; an iterator is run to its end. Raises what the call raises."""
    if colour == "blocking":
        future = _thread().submit(_play_blocking, server, call, tls, options)
        try:
            return future.result(WATCHDOG_SECONDS)
        except TimeoutError as error:
            if future.done():
                raise
            server.reset()  # frees the thread
            raise Hangs from error
    return asyncio.run(_play_async(server, call, tls, options))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


def _play_blocking(server: FaultServer, call: Call, tls: bool, options: Mapping[str, Any]) -> Any:
    client = blocking_client(server, tls=tls, **options)
    try:
        value = call(client)
        return list(value) if inspect.isgenerator(value) else value
    finally:
        client.close()


async def _play_async(server: FaultServer, call: Call, tls: bool, options: Mapping[str, Any]) -> Any:
    client = async_client(server, tls=tls, **options)

    async def made() -> Any:
        value = call(client)
        return [item async for item in value] if hasattr(value, "__aiter__") else await value

    try:
        async with asyncio.timeout(WATCHDOG_SECONDS) as watchdog:
            return await made()
    except TimeoutError as error:
        if not watchdog.expired():
            raise
        raise Hangs from error
    finally:
        await client.close()
