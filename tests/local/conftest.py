"""An echoing server for all tests of a process, and backends that can be held up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from local.support import Api, Upstream
from together_batches import local


@pytest.fixture(scope="session")
def echo() -> Iterator[local.Server]:
    """A server that echoes."""
    with local.serve() as server:
        yield server


@pytest.fixture
def api(echo: local.Server) -> Iterator[Api]:
    """A client of the echoing server."""
    with Api(echo) as client:
        yield client


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A backend."""
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.allow()
        server.shutdown()
        thread.join()
