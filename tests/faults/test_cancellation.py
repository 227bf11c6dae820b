"""Whoever stops a call, at whatever point: no open connection or file, no partial file, a client that goes on."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from attrs import frozen

from faults import acts
from faults.case import Act
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.server import FaultServer
from faults.stage import OLD, DriverClock, Stage, async_client, blocking_client, small_parts, temporary_files_in
from faults.world import KEY


@frozen
class Point:
    """Where a call is stopped: while this connection is held, or, without one, while it sleeps."""

    act: Act
    route: str
    fault: FaultValue | None
    before: tuple[tuple[str, FaultValue], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.act.name}: {self.route} {self.fault or 'a pause'}"


HELD = Fault.healthy().after_release()
LOST = Fault.reset_after_processing()
SILENT = (Fault.stall_on_connect(), Fault.before_processing(End.STALL), Fault.in_head(End.STALL), Fault.stall_body())
POINTS = (
    *(Point(acts.CREATE, "connect:api" if fault.connects else "create_batch", fault) for fault in SILENT),
    Point(acts.CREATE, "create_batch", HELD),
    Point(acts.CREATE, "create_batch", Fault.in_request(End.STALL)),
    Point(acts.CREATE, "list_batches", HELD, (("create_batch", LOST),)),
    Point(acts.CREATE, "a pause between tries", None, (("create_batch", Fault.status(429)),)),
    Point(acts.CREATE, "a pause between looks", None, (("create_batch", Fault.before_processing(End.RESET)),)),
    Point(acts.UPLOAD, "start_upload", HELD),
    Point(acts.UPLOAD, "connect:storage", Fault.stall_on_connect()),
    Point(acts.UPLOAD, "put", Fault.in_request(End.STALL)),
    Point(acts.UPLOAD, "put", HELD),
    Point(acts.UPLOAD, "preprocess", HELD),
    Point(acts.UPLOAD_PARTS, "initiate", HELD),
    Point(acts.UPLOAD_PARTS, "put_part:1", HELD),
    Point(acts.UPLOAD_PARTS, "put_part:4", Fault.in_request(End.STALL)),
    Point(acts.UPLOAD_PARTS, "complete", HELD),
    Point(acts.DOWNLOAD, "get_file", HELD),
    Point(acts.DOWNLOAD, "content", HELD),
    Point(acts.DOWNLOAD, "content", Fault.in_head(End.STALL)),
    Point(acts.DOWNLOAD, "content", Fault.stall_body(1)),
    Point(acts.DOWNLOAD, "content", Fault.stall_body(-1)),
    Point(acts.DOWNLOAD, "content", Fault.stall_body(), (("content", Fault.cut_body()),)),
    Point(acts.DOWNLOAD, "a pause between tries", None, (("content", Fault.cut_body()),)),
    Point(acts.WAIT, "get_batch", HELD),
    Point(acts.WAIT, "a pause between polls", None),
    Point(acts.COLLECT, "content", Fault.stall_body()),
    Point(acts.COLLECT, "content", Fault.stall_body(), (("content", Fault.healthy()),)),
    Point(acts.RESULTS, "content", Fault.stall_body()),
    Point(acts.RUN, "get_batch", HELD),
    Point(acts.RUN, "content", Fault.stall_body()),
)


class EndlessClock(DriverClock):
    """The tests' time, in which a pause never ends; `pausing` tells that one has begun."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.pausing = threading.Event()

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt  # as when a signal ends it

    async def asleep(self, seconds: float) -> None:
        self.pausing.set()
        await asyncio.Event().wait()


def _disk_files() -> list[str]:
    """The files that this process holds open, besides sockets and pipes."""
    gc.collect()
    found: list[str] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("/tmp"):
            found.append(target)
    return sorted(found)


@contextmanager
def staged(point: Point, server: FaultServer, root: Path) -> Iterator[tuple[Stage, Any]]:
    """The point's world; after the block, all that must hold once its client is closed."""
    stage = Stage(server, root)
    point.act.prepare(stage)
    before = {path: path.read_bytes() for path in stage.folder.iterdir()}
    files = _disk_files()
    for route, fault in point.before:
        server.script(route, fault)
    if point.fault is not None:
        server.script(point.route, point.fault)
    clock = EndlessClock(server.clock) if point.fault is None else None
    with (
        temporary_files_in(stage.temporary),
        small_parts() if point.act.small_parts else temporary_files_in(stage.temporary),
    ):
        yield stage, clock
    assert 0 == server.settle()
    assert before == {path: path.read_bytes() for path in stage.folder.iterdir()}
    assert [] == list(stage.temporary.iterdir())
    assert files == _disk_files()
    assert len(server.world.jobs) <= 1
    assert [] == server.world.leaks()


def _reached(server: FaultServer, clock: Any) -> None:
    if clock is None:
        server.wait_held()
    else:
        assert clock.pausing.wait(10)


def _run(value: Any) -> None:
    """Run an iterator to its end; a call that gave anything else is over."""
    if hasattr(value, "__next__"):
        list(value)


@contextmanager
def interrupting(server: FaultServer | None) -> Iterator[None]:
    """Within it Ctrl-C comes to the main thread when a connection is held.

    Once more after a second: a signal that comes just before a system call does not end it.
    """
    stopped = threading.Event()

    def interrupt(server: FaultServer) -> None:
        server.wait_held()
        while not stopped.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            stopped.wait(1)

    previous = signal.signal(signal.SIGINT, lambda number, frame: _once(stopped))
    try:
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(interrupt, server) if server is not None else None
            yield
            if sent is not None:
                sent.result()
    finally:
        stopped.set()
        signal.signal(signal.SIGINT, previous)


def _once(stopped: threading.Event) -> None:
    if not stopped.is_set():
        stopped.set()
        raise KeyboardInterrupt


async def _called(client: Any, point: Point, stage: Stage) -> Any:
    value = point.act.call(client, stage)
    return [item async for item in value] if hasattr(value, "__aiter__") else await value


def _kept(client: Any) -> int:
    """How many connections the client keeps for later."""
    transport = getattr(client._transport, "_transport", client._transport)
    return sum(map(len, transport._idle.values()))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.id)
def test_a_cancelled_task_leaves_nothing(point: Point, server: FaultServer, tmp_path: Path) -> None:
    """`asyncio.CancelledError` at this await: the call ends, its connection is closed, the client still works."""

    async def main(stage: Stage, clock: Any) -> None:
        async with async_client(server, clock=clock) as client:
            task = asyncio.create_task(_called(client, point, stage))
            await anyio.to_thread.run_sync(_reached, server, clock)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert _kept(client) == await anyio.to_thread.run_sync(server.settle)
            server.heal()
            await client.files.list()

    with staged(point, server, tmp_path / "stage") as (stage, clock):
        asyncio.run(main(stage, clock))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.id)
def test_a_cancelled_scope_leaves_nothing(point: Point, server: FaultServer, tmp_path: Path) -> None:
    """An anyio scope at this await: as above."""

    async def main(stage: Stage, clock: Any) -> None:
        async with async_client(server, clock=clock) as client:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(_called, client, point, stage)
                    await anyio.to_thread.run_sync(_reached, server, clock)
                    scope.cancel()
            assert scope.cancelled_caught
            assert _kept(client) == await anyio.to_thread.run_sync(server.settle)
            server.heal()
            await client.files.list()

    with staged(point, server, tmp_path / "stage") as (stage, clock):
        asyncio.run(main(stage, clock))


# While a socket is being opened, a signal can come between two lines of httpcore: only the collector closes it then.
INTERRUPTED = [p for p in POINTS if p.act is not acts.UPLOAD_PARTS and not p.route.startswith("connect:")]


@pytest.mark.parametrize("point", INTERRUPTED, ids=lambda point: point.id)
def test_an_interrupted_call_leaves_nothing(point: Point, server: FaultServer, tmp_path: Path) -> None:
    """Ctrl-C at this point of a blocking call: KeyboardInterrupt, and the client still works."""
    with (
        staged(point, server, tmp_path / "stage") as (stage, clock),
        blocking_client(server, clock=clock) as client,
        interrupting(server if point.fault is not None else None),
    ):
        with pytest.raises(KeyboardInterrupt):
            _run(point.act.call(client, stage))
        assert _kept(client) == server.settle()
        server.heal()
        client.files.list()


def test_an_interrupted_upload_in_parts_leaves_nothing(server: FaultServer, tmp_path: Path) -> None:
    """Ctrl-C while parts are sent in threads: no thread goes on, and nothing is joined."""
    point = Point(acts.UPLOAD_PARTS, "put_part:1", Fault.in_request(End.STALL))
    with (
        staged(point, server, tmp_path / "stage") as (stage, _),
        blocking_client(server, timeout=3.0, max_retries=0) as client,
        interrupting(server),
        pytest.raises(KeyboardInterrupt),
    ):
        client.files.upload(stage.source)
    assert [] == server.world.seen("complete")
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("together-batches_")]


PROGRAM = """
    import os, sys
    if sys.argv[4] == "named":
        del os.O_TMPFILE
    from together_batches import Together
    Together(base_url=sys.argv[1]).files.retrieve_content(sys.argv[2], output=sys.argv[3])
"""


def _program(server: FaultServer, stage: Stage, kind: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TOGETHER_API_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [server.base_url, stage.file_id, str(stage.target), kind]
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(PROGRAM), *arguments], env=environment)


@pytest.mark.parametrize("kind", ["unnamed", "named"])
def test_a_killed_download_leaves_nothing(kind: str, server: FaultServer, tmp_path: Path) -> None:
    """SIGKILL in the middle: the old file stands, nothing unnamed is left, and the next run succeeds."""
    stage = Stage(server, tmp_path / "stage")
    acts.DOWNLOAD.prepare(stage)
    server.script("content", Fault.stall_body())
    process = _program(server, stage, kind)
    try:
        server.wait_held()
    finally:
        process.kill()
        process.wait()
    assert OLD == stage.target.read_bytes()
    beside = [path.name for path in stage.folder.iterdir() if path != stage.target]
    assert [] == beside if kind == "unnamed" else len(beside) <= 1
    again = _program(server, stage, kind)
    assert 0 == again.wait()
    assert stage.data == stage.target.read_bytes()
    assert [stage.target] == list(stage.folder.iterdir())
    assert [] == list(stage.temporary.iterdir())


def test_the_next_run_after_a_kill_needs_no_luck(server: FaultServer, tmp_path: Path) -> None:
    """A download beside one that still runs leaves that one's file alone, and both succeed."""
    stage = Stage(server, tmp_path / "stage")
    acts.DOWNLOAD.prepare(stage)
    server.script("content", Fault.healthy().after_release())
    process = _program(server, stage, "named")
    server.wait_held()
    other = _program(server, stage, "named")
    assert 0 == other.wait()
    server.release()
    assert 0 == process.wait()
    assert stage.data == stage.target.read_bytes()
    assert [stage.target] == list(stage.folder.iterdir())


def test_a_results_iterator_that_is_dropped_closes_its_files(server: FaultServer, tmp_path: Path) -> None:
    """Whoever stops reading rows half way leaves no open file."""
    stage = Stage(server, tmp_path / "stage")
    acts.RESULTS.prepare(stage)
    with temporary_files_in(stage.temporary), blocking_client(server) as client:
        files = _disk_files()
        rows: Any = client.batches.results(stage.job_id)
        next(rows)
        assert len(_disk_files()) > len(files)
        rows.close()
        assert files == _disk_files()
    assert [] == list(stage.temporary.iterdir())
