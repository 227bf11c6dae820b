"""Starts and stops the server: a thread with its own event loop, two ports, and one data folder."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from attrs import field, frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from ._api import api, is_loopback
from ._backends import check_backend, make_backend
from ._jobs import Executor
from ._storage import storage
from ._store import Store

# Any key is good unless one is given; this one says where it comes from.
ANY_KEY = "local"
# How long requests that are being answered may go on when the server stops.
GRACE_SECONDS = 1


@frozen
class Server:
    """A server that is running."""

    base_url: str
    """The address of the API, with `/v1`."""
    storage_url: str
    """The second origin, which takes the bytes of uploads."""
    api_key: str = field(repr=False)
    """A key that it accepts."""
    data_dir: Path
    """Where its files and jobs are."""
    _running: _Running = field(repr=False, eq=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until the server has stopped, or for `timeout` seconds, and tells whether it has stopped.

        A signal handler may raise out of it.
        """
        return self._running.wait(timeout)


@contextmanager
def serve(
    data_dir: str | PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    storage_port: int = 0,
    backend: str = "echo",
    concurrency: int = 8,
    api_key: str | None = None,
) -> Generator[Server]:
    """Serves the Files and Batches API on loopback for the length of a `with` block.

    `data_dir` keeps files and jobs, and several servers may share it; without it all is gone at the end.
    Jobs that had not ended are taken up again by the next server.
    A port of 0 takes a free one. `backend` is `echo` or the URL of an OpenAI-compatible server, which gets at most
    `concurrency` requests at a time. Any key is accepted unless `api_key` is given.
    Raises ValueError for a host that is not loopback, or a backend that is neither; OSError when a port is taken or
    the folder cannot be used.
    """
    if not is_loopback(host):
        raise ValueError(f"host must be a loopback address such as 127.0.0.1, not {host!r}")
    if not all(0 <= number <= 65535 for number in (port, storage_port)):
        raise ValueError("port must be from 0 to 65535")
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    if api_key is not None and not api_key.strip():
        raise ValueError("api_key must not be blank")
    check_backend(backend)
    with ExitStack() as stack:
        folder = Path(data_dir) if data_dir is not None else Path(stack.enter_context(TemporaryDirectory()))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        listeners = [stack.enter_context(_listen(host, number)) for number in (port, storage_port)]
        base_url, storage_url = (_url(host, listener) for listener in listeners)
        running = _Running(folder.resolve(), listeners, storage_url, backend, concurrency, api_key)
        stack.callback(running.stop)
        running.start()
        yield Server(f"{base_url}/v1", storage_url, api_key or ANY_KEY, folder, running)


def _listen(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=512)


def _url(host: str, listener: socket.socket) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


class _Running:
    """Runs both origins and the executor in one event loop; nothing of them is touched by another thread."""

    def __init__(
        self,
        folder: Path,
        listeners: list[socket.socket],
        storage_url: str,
        backend: str,
        concurrency: int,
        api_key: str | None,
    ) -> None:
        self._thread = threading.Thread(target=self._run, name="together-batches-local", daemon=True)
        self._folder = folder
        self._listeners = listeners
        self._storage_url = storage_url
        self._backend = backend
        self._concurrency = concurrency
        self._api_key = api_key
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Returns when the server answers. Raises what kept it from starting."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ends the server and waits for its end."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def wait(self, timeout: float | None) -> bool:
        """Waits until the server has ended by itself or by `stop`, and tells whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        store = Store(self._folder)
        backend = make_backend(self._backend, self._concurrency)
        try:
            executor = Executor(store, backend, self._concurrency)
            origins = _Origins(
                self._listeners[1].getsockname()[1],
                api(store, self._storage_url, self._api_key, executor.wake),
                storage(store),
            )
            working = asyncio.create_task(executor.run())
            try:
                await _Uvicorn(origins, self._stopping, self._ready).serve(self._listeners)
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
        finally:
            await backend.aclose()
            store.close()


class _Origins:
    """Two origins behind one server: the port tells which is meant."""

    def __init__(self, storage_port: int, api: ASGIApp, storage: ASGIApp) -> None:
        self._storage_port = storage_port
        self._api = api
        self._storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = self._storage if scope["server"][1] == self._storage_port else self._api
        await origin(scope, receive, send)


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it is ready, stops at once when told to, and keeps its words to itself."""

    def __init__(self, app: ASGIApp, stop: asyncio.Event, ready: threading.Event) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._stop = stop
        self._ready = ready

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        thread = threading.get_ident()

        def is_elsewhere(record: logging.LogRecord) -> bool:
            return record.thread != thread

        # Its lines would hold presigned URLs; those of another uvicorn in this process are none of our business.
        loggers = [logging.getLogger(f"uvicorn.{name}") for name in ("access", "asgi", "error")]
        for logger in loggers:
            logger.addFilter(is_elsewhere)
        try:
            await super().serve(sockets)
        finally:
            for logger in loggers:
                logger.removeFilter(is_elsewhere)

    async def main_loop(self) -> None:
        self._ready.set()
        while not self._stop.is_set():
            await self.on_tick(0)  # dates the answers
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stop.wait()
