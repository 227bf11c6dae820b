from __future__ import annotations

import logging
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from local.support import PATIENCE_SECONDS, Api
from together_batches import local
from together_batches.local._store import Store

AUTHORIZED = {"Authorization": "Bearer any"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5", "any"])
def test_a_key_is_required(header: str | None, echo: local.Server) -> None:
    """Without one each path is refused in the shape of its errors."""
    headers = {} if header is None else {"Authorization": header}
    batches = httpx.get(f"{echo.base_url}/batches", headers=headers)
    files = httpx.get(f"{echo.base_url}/files", headers=headers)

    assert [401, 401] == [batches.status_code, files.status_code]
    assert "the API key is missing or wrong" == batches.json()["error"]
    assert "authentication_error" == files.json()["error"]["type"]
    assert "Bearer" == files.headers["www-authenticate"]


def test_any_key_is_good(echo: local.Server) -> None:
    """Unless one is given."""
    assert 200 == httpx.get(f"{echo.base_url}/batches", headers=AUTHORIZED).status_code


def test_one_key_is_good() -> None:
    """When one is given, it alone; it is told by the handle and hidden in its repr."""
    with local.serve(api_key="the right one") as server:
        url = f"{server.base_url}/batches"
        statuses = [
            httpx.get(url, headers={"Authorization": f"{scheme} {key}".encode()}).status_code
            for scheme, key in (("Bearer", "the right one"), ("bearer", "the right one"), ("Bearer", "wrong"))
        ]
        umlaut = httpx.get(url, headers={"Authorization": b"Bearer \xe4"}).status_code

        assert ([200, 200, 401], 401) == (statuses, umlaut)
        assert "the right one" == server.api_key
        assert "right" not in repr(server)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/files/", "/files", "/v1/batches/x/y", "/v1/v1/files", "/v1/x"]
)
def test_unknown_paths(path: str, echo: local.Server) -> None:
    """Only what is under /v1 is there, and nothing is redirected."""
    answer = httpx.get(echo.base_url.removesuffix("/v1") + path, headers=AUTHORIZED)

    assert 404 == answer.status_code
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/batches", "GET, POST"),
        ("PUT", "/files/x", "GET, DELETE"),
        ("GET", "/files/upload", "POST"),
        ("HEAD", "/files", "GET, POST"),
        ("PROPFIND", "/files/x/content", "GET"),
    ],
)
def test_wrong_methods(method: str, path: str, allow: str, api: Api) -> None:
    """405, with the methods that are right."""
    answer = api.request(method, path)

    assert (405, allow) == (answer.status_code, answer.headers["allow"])


def test_a_name_that_was_made_to_point_here(echo: local.Server) -> None:
    """A page in a browser cannot get in by a name of its own that leads to loopback."""
    answers = [
        httpx.get(f"{echo.base_url}/files", headers=AUTHORIZED | {"Host": host}).status_code
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost:1", "[::1]:5", "127.0.0.2")
    ]

    assert [403, 403, 200, 200, 200] == answers


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/files/%00%ff%f0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /v1/files/%2e%2e%2fx HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /v1/batches/%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: [\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: a:b:c\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /v1/files HTTP/1.0\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
        b"POST /v1/batches HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
        b"x" * 100_000,
    ],
)
def test_odd_bytes(request_bytes: bytes, echo: local.Server, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever comes over the wire is refused with a 4xx, and nothing fails."""
    address = urlsplit(echo.base_url)
    for port in (address.port, urlsplit(echo.storage_url).port):
        with socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            status = connection.recv(1000).split(b" ")[1:2]
        assert [] == status or status[0].startswith(b"4")
    assert [] == caplog.records


def test_a_fault_of_the_server(api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Is answered as JSON and logged by its kind alone, since its words could hold anything."""

    def fail(store: Store) -> None:
        raise LookupError("the prompt of someone")

    monkeypatch.setattr(Store, "jobs", fail)
    with caplog.at_level(logging.DEBUG):
        answer = api.get("/batches")

    assert (500, "internal error") == (answer.status_code, answer.json()["error"])
    assert [f"request {answer.headers['x-request-id']} failed: LookupError"] == [
        record.getMessage() for record in caplog.records if record.name.startswith(("together", "uvicorn"))
    ]


def test_a_fault_in_the_middle_of_an_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Breaks the answer off, so that it cannot be taken for whole."""
    file_id = api.upload(b"x" * 10)
    monkeypatch.setattr("together_batches.local._content.CHUNK_BYTES", "not a number")
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(f"/files/{file_id}/content")

    assert ["together_batches.local"] == [record.name for record in caplog.records if record.levelno >= logging.WARNING]
