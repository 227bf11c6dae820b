"""What holds for every test: asyncio as the async backend, reproducible examples, and no way off this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

from loopback import guarded

# The same examples on every run: a red build is red again on a second look. `explore` looks for new ones.
settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def departures() -> Iterator[list[str]]:
    """Connections to anywhere but this machine, and look-ups of other names, fail; code that hides it fails the run."""
    departed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, position in (
            (socket, "getaddrinfo", 0),
            (socket.socket, "connect", 1),
            (socket.socket, "connect_ex", 1),
            (socket.socket, "sendto", -1),
        ):
            patch.setattr(owner, name, guarded(getattr(owner, name), position, departed))
        yield departed
    assert departed == []
