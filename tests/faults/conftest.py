"""One fault server for all tests here, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.server import FaultServer
from faults.tls import contexts


@pytest.fixture(scope="session")
def one_fault_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture(scope="session")
def tls_server() -> Iterator[FaultServer]:
    with FaultServer(tls=contexts()[0]) as server:
        yield server


@pytest.fixture
def server(one_fault_server: FaultServer) -> FaultServer:
    """The server, with nothing in it."""
    one_fault_server.reset()
    return one_fault_server
