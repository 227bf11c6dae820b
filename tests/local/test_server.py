from __future__ import annotations

import logging
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.support import PATIENCE_SECONDS, Api, Upstream, chats
from together_batches import local
from together_batches.local import _server


def test_importing_is_cheap() -> None:
    """The names are there without the libraries behind them; the client is never loaded."""
    code = (
        "import sys; from together_batches import local; print(dir(local), 'uvicorn' in sys.modules, "
        "'attrs' in sys.modules); local.serve; "
        "print('uvicorn' in sys.modules, [m for m in sys.modules if m.startswith('together_batches.') "
        "and not m.startswith('together_batches.local')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )

    assert ["['Server', 'serve'] False False", "True []"] == done.stdout.splitlines()


def test_an_unknown_name() -> None:
    """Is an AttributeError."""
    with pytest.raises(AttributeError, match="nothing"):
        _ = local.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_hosts(host: str) -> None:
    """Any name of loopback is good."""
    with local.serve(host=host) as server, Api(server) as api:
        assert urlsplit(server.base_url).hostname == urlsplit(server.storage_url).hostname == host
        assert "COMPLETED" == api.run(chats(1))["status"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": "0.0.0.0"}, "host must be a loopback address"),
        ({"host": "example.com"}, "host must be a loopback address"),
        ({"host": ""}, "host must be a loopback address"),
        ({"port": 65536}, "port must be from 0 to 65535"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"api_key": " "}, "api_key must not be blank"),
        ({"backend": "parrot"}, "backend must be 'echo' or a URL"),
        ({"backend": "ftp://127.0.0.1/v1"}, "backend must be 'echo' or a URL"),
        ({"backend": "http:///v1"}, "backend must be 'echo' or a URL"),
        ({"backend": "http://x/v1?key=secret"}, "^(?!.*secret).*backend must be 'echo' or a URL"),
        ({"backend": "http://[x/v1"}, "backend must be 'echo' or a URL"),
    ],
)
def test_what_cannot_be_served(arguments: dict[str, Any], message: str) -> None:
    """Is refused before anything is started."""
    threads = threading.active_count()
    with pytest.raises(ValueError, match=message), local.serve(**arguments):
        pass
    assert threads == threading.active_count()


def test_a_port_that_is_taken(echo: local.Server) -> None:
    """Is an OSError of the caller, for either port."""
    port = urlsplit(echo.base_url).port or 0
    for name in ("port", "storage_port"):
        with pytest.raises(OSError, match="in use"), local.serve(**{name: port}):  # type: ignore[arg-type]
            pass


def test_a_port_that_is_wanted() -> None:
    """Is used, and is free again at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):
        with local.serve(port=port) as server:
            assert f"http://127.0.0.1:{port}/v1" == server.base_url


def test_a_folder_of_its_own() -> None:
    """Without a data folder there is one for the time being."""
    with local.serve() as server:
        assert (server.data_dir / "state.sqlite3").exists()
    assert not server.data_dir.exists()


def test_a_folder_that_is_kept(tmp_path: Path) -> None:
    """A data folder is made with its parents, for its owner alone, and stays; it may be given as text."""
    folder = tmp_path / "a" / "b"
    with local.serve(str(folder)) as server:
        assert folder == server.data_dir
    assert 0o700 == folder.stat().st_mode & 0o777
    assert (folder / "state.sqlite3").exists()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A file in its place is an OSError; a state of another version is told."""
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError), local.serve(tmp_path / "file"):
        pass
    with sqlite3.connect(tmp_path / "state.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    threads = threading.active_count()
    with pytest.raises(ValueError, match="the data folder is of version 99, not 1"), local.serve(tmp_path):
        pass
    assert threads == threading.active_count()


def test_waiting() -> None:
    """`wait` returns when the time is up or the server has stopped."""
    with local.serve() as server:
        server.wait(0)
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        assert waiting.is_alive()
    waiting.join()
    server.wait()


def test_it_stops_although_someone_is_being_answered(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests that do not end are ended with the server, those at a backend too; nothing is said about it."""
    monkeypatch.setattr(_server, "GRACE_SECONDS", 0)
    upstream.allow(0)
    with local.serve(backend=upstream.url) as server, Api(server) as api:
        location = api.start_upload().headers["location"]
        api.submit(chats(3))
        upstream.wait_for(3)
        address = urlsplit(location)
        slow = socket.create_connection(("127.0.0.1", address.port or 0), timeout=PATIENCE_SECONDS)
        slow.sendall(f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx".encode())
        api.get("/files")
    with slow:
        assert slow.recv(1000).startswith(b"HTTP/1.1 503 ")
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.base_url)
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_it_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Neither on the screen nor in the log, of keys, requests or answers."""
    with caplog.at_level(logging.DEBUG), local.serve(tmp_path, api_key="secret-key") as server, Api(server) as api:
        api.run(chats(2))
        api.get("/nowhere")

    assert ("", "") == capfd.readouterr()
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    assert [] == ours


def test_other_servers_of_the_process_may_speak(caplog: pytest.LogCaptureFixture) -> None:
    """Only the words of this server's own uvicorn are dropped."""
    with caplog.at_level(logging.INFO), local.serve():
        logging.getLogger("uvicorn.error").info("another server")
    logging.getLogger("uvicorn.error").info("later")

    assert ["another server"] == [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"]
