"""The command in this process, against an embedded server in this process, and a backend that can be held up."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.support import Backend, Command, Ended, write_requests
from together_batches import Together, local
from together_batches._cli import main


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Makes the captured stdout a terminal of 80 columns; a call gives what it shows, without bold and the like."""
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    return lambda: re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Looks at a job every 10 ms, knows neither key nor base URL, and keeps out of the home folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("together_batches._wait.FIRST_POLL_SECONDS", 0.01)
    monkeypatch.setattr("together_batches._wait.LAST_POLL_SECONDS", 0.01)
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    monkeypatch.delenv("TOGETHER_BASE_URL", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `together-batches` in this process."""

    def run(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Server]:
    """A server that echoes."""
    with local.serve(data_dir=tmp_path_factory.mktemp("echo")) as server:
        yield server


@pytest.fixture
def service(echo: local.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Together]:
    """The environment names the echoing server; a client of it."""
    monkeypatch.setenv("TOGETHER_BASE_URL", echo.base_url)
    monkeypatch.setenv("TOGETHER_API_KEY", echo.api_key)
    with Together() as client:
        yield client


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A backend that holds up every request until it is told to answer."""
    with Backend() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.answering.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def slow(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Together]:
    """The environment names a server whose backend is held up; a client of it."""
    with local.serve(data_dir=tmp_path / "slow", backend=backend.url) as server:
        monkeypatch.setenv("TOGETHER_BASE_URL", server.base_url)
        monkeypatch.setenv("TOGETHER_API_KEY", server.api_key)
        with Together() as client:
            yield client
        backend.answering.set()


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """A file of three good requests."""
    return write_requests(tmp_path / "three.jsonl", "first question", "second\tquestion\n[red]", "третий вопрос 🌊")
