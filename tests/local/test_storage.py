from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from local.support import PATIENCE_SECONDS, Api, chats
from together_batches import local
from together_batches.local import _signing

CONTENT = chats(2)


@pytest.fixture
def location(api: Api) -> str:
    """A presigned URL of a new file."""
    return api.start_upload().headers["location"]


def test_the_second_origin(location: str, echo: local.Server) -> None:
    """Presigned URLs lead to another origin than the API's, which takes the bytes and says what they are."""
    taken = httpx.put(location, content=CONTENT)

    assert location.startswith(echo.storage_url + "/")
    assert not echo.base_url.startswith(echo.storage_url)
    assert 200 == taken.status_code
    assert taken.headers["etag"].startswith('"')
    assert taken.headers["etag"] == httpx.put(location, content=CONTENT).headers["etag"]


def test_a_key_is_refused(location: str) -> None:
    """A client that shows the storage its key is told so."""
    refused = httpx.put(location, content=CONTENT, headers={"Authorization": "Bearer secret"})

    assert 400 == refused.status_code
    assert "Authorization" in refused.json()["error"]["message"]
    assert "secret" not in refused.text


def test_a_length_is_required(location: str) -> None:
    """A body in chunks is refused."""

    def chunks() -> Iterator[bytes]:
        yield CONTENT

    assert 411 == httpx.put(location, content=chunks()).status_code


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
        lambda url: url.partition("?")[0],
        lambda url: url.replace("/files/file-", "/files/file-0"),
        lambda url: url.replace("expires=1", "expires=2"),
        lambda url: url.replace("signature=", "signature=%C3%A4"),
        lambda url: url.replace("/files/", "/parts/1/"),
    ],
)
def test_a_signature_that_does_not_fit(change: object, location: str) -> None:
    """Nothing about a presigned URL can be changed."""
    assert callable(change)
    refused = httpx.put(change(location), content=CONTENT)

    assert 403 == refused.status_code
    assert refused.json()["error"]["message"]


def test_a_signature_expires(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A presigned URL is good for an hour."""
    assert 3600 == _signing.LIFETIME_SECONDS
    monkeypatch.setattr(_signing, "LIFETIME_SECONDS", 0)

    assert 403 == httpx.put(api.start_upload().headers["location"], content=CONTENT).status_code


def test_a_final_file_cannot_be_changed(api: Api, location: str) -> None:
    """Once it is processed the URL is of no more use; once it is deleted there is nothing to send to."""
    file_id = urlsplit(location).path.rpartition("/")[2]
    httpx.put(location, content=b"first")
    again = httpx.put(location, content=CONTENT)
    api.post(f"/files/{file_id}/preprocess")
    late = httpx.put(location, content=b"other")
    content = api.get(f"/files/{file_id}/content").content
    api.delete(f"/files/{file_id}")

    assert (200, 403, CONTENT) == (again.status_code, late.status_code, content)
    assert 404 == httpx.put(location, content=CONTENT).status_code


def test_a_part_needs_its_header(api: Api) -> None:
    """The headers that come with the URL of a part are to be sent with it."""
    fields = {"file_name": "f", "file_size": 5, "num_parts": 1, "purpose": "batch-api", "file_type": "jsonl"}
    part = api.post("/files/multipart/initiate", json=fields).json()["parts"][0]

    assert 403 == httpx.put(part["URL"], content=b"12345").status_code
    assert 200 == httpx.put(part["URL"], content=b"12345", headers=part["Headers"]).status_code


def test_a_body_that_breaks_off(api: Api, location: str, echo: local.Server) -> None:
    """Half a body makes no file and leaves nothing behind."""
    parts = urlsplit(location)
    assert parts.hostname
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_SECONDS) as connection:
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 50)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    # Served by the same loop, later: by then the broken one has been cleared away.
    file_id = parts.path.rpartition("/")[2]

    assert 404 == api.get(f"/files/{file_id}").status_code
    assert [] == list(Path(echo.data_dir, "incoming").iterdir())
    assert 200 == httpx.put(location, content=CONTENT).status_code


@pytest.mark.parametrize(("meanwhile", "status"), [("processed", 403), ("deleted", 404)])
def test_a_file_that_changes_while_it_is_sent(meanwhile: str, status: int, api: Api, echo: local.Server) -> None:
    """Bytes that come too late change nothing and leave nothing behind."""
    location = api.start_upload().headers["location"]
    file_id = urlsplit(location).path.rpartition("/")[2]
    httpx.put(location, content=CONTENT)

    def too_late() -> Iterator[bytes]:
        yield b"12345"
        api.post(f"/files/{file_id}/preprocess") if meanwhile == "processed" else api.delete(f"/files/{file_id}")
        yield b"67890"

    late = httpx.put(location, content=too_late(), headers={"Content-Length": "10"})

    assert status == late.status_code
    assert [] == list(Path(echo.data_dir, "incoming").iterdir())
    path = Path(echo.data_dir, "files", file_id)
    assert (CONTENT if meanwhile == "processed" else None) == (path.read_bytes() if path.exists() else None)


def test_other_requests(location: str, echo: local.Server) -> None:
    """Storage gives nothing back and knows no other paths; it says so in JSON."""
    answers = [httpx.get(location), httpx.put(f"{echo.storage_url}/v1/files"), httpx.delete(location)]

    assert [405, 404, 405] == [answer.status_code for answer in answers]
    assert "PUT" == answers[0].headers["allow"]
    assert all(answer.json()["error"]["message"] for answer in answers)
