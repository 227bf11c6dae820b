"""The benchmarks' data is made by a seed, and their server answers as the service does."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import data
from benchmarks.server import bulk, head
from benchmarks.server.crowd import Connection
from benchmarks.server.service import Service
from benchmarks.server.skim import Records


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The benchmarks' server, its files in a folder of the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        bulk.listen(Service(tmp_path), listener, url)
        yield url


def test_data_is_made_by_a_seed(tmp_path: Path) -> None:
    """The same call gives the same bytes, lines have about the size asked for, answers are those of requests."""
    for name in ("one", "two"):
        data.write_requests(tmp_path / f"{name}.requests", 300, 2000 - 380)
        data.write_answers(tmp_path / f"{name}.answers", 300, 2000 - 560)
        data.write_bytes(tmp_path / f"{name}.bytes", 1_100_000)
    for kind in ("requests", "answers", "bytes"):
        one, two = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two
        assert kind == "bytes" or 1900 < len(one) / 300 < 2100
    ids = [
        [json.loads(line)["custom_id"] for line in (tmp_path / f"one.{kind}").read_text().splitlines()]
        for kind in ("requests", "answers")
    ]
    assert sorted(ids[0]) == ids[0] == sorted(ids[1]) != ids[1]
    assert 1_100_000 == (tmp_path / "one.bytes").stat().st_size
    assert data.jobs(5) == data.jobs(7)[:5]


def test_the_server_answers_as_its_base_url_says(tmp_path: Path) -> None:
    """Length of the list, delay and shape of an answer are knobs in the path, in any order."""
    service = Service(tmp_path)

    def body(path: str, method: str = "GET") -> Any:
        return json.loads(service.answer(method, path, "http://o").data.partition(b"\r\n\r\n")[2])

    assert 3 == len(body("/jobs-3/v1/batches"))
    assert "job-1" == body("/v1/batches", "POST")["job"]["id"] == body("/openai/v1/batches", "POST")["id"]
    late = service.answer("GET", "/delay-20/jobs-3/openai/v1/batches", "http://o")
    assert 0.02 == late.delay_seconds
    assert service.answer("DELETE", "/v1/batches", "http://o").data.startswith(b"HTTP/1.1 404 ")


def test_the_server_holds_what_was_stored(origin: str, tmp_path: Path) -> None:
    """The file that a confirmed upload describes has the size of what was PUT."""
    with httpx.Client(base_url=f"{origin}/v1") as http:
        ticket = http.post("/files", data={"purpose": "fine-tune"})
        for size in (5, 3_000_000):
            assert 200 == http.put(ticket.headers["Location"], content=b"x" * size).status_code
            name = ticket.headers["X-Together-File-Id"]
            assert size == http.post(f"/files/{name}/preprocess").json()["bytes"]
        (tmp_path / "some.jsonl").write_bytes(b"y" * 100_000)
        assert b"y" * 100_000 == http.get("/files/some.jsonl/content").content
        assert 100_000 == http.get("/files/some.jsonl").json()["bytes"]


def test_a_body_over_tls_is_passed_over(tmp_path: Path) -> None:
    """What is large is answered without having been decrypted, and the client is told that the connection ends."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        bulk.listen(Service(tmp_path), listener, url, server_side)
        with httpx.Client(verify=trust) as http:
            stored = http.put(f"{url}/v1/storage/new", content=b"x" * 3_000_000)
            assert (200, "close") == (stored.status_code, stored.headers["connection"])
            assert 3_000_000 == http.post(f"{url}/v1/files/new.jsonl/preprocess").json()["bytes"]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.lists(st.integers(1, 900), max_size=30))
def test_records_are_counted_however_they_are_cut(sizes: list[int], cuts: list[int]) -> None:
    """What the records of a stream hold does not depend on the pieces that they come in."""
    stream = b"".join(b"\x17\x03\x03" + (size + 17).to_bytes(2) + bytes(size + 17) for size in sizes)
    records = Records()
    for cut in cuts:
        records.feed(stream[:cut])
        stream = stream[cut:]
    records.feed(memoryview(stream))
    assert sum(sizes) == records.held


class Written:
    """Stands for a transport: what was written to it."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.mark.anyio
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_the_crowd_is_answered_in_whatever_pieces_it_asks(tmp_path: Path, step: int) -> None:
    """Requests that come in pieces, or several at once, are answered each once, in their order."""
    connection, written = Connection(Service(tmp_path), "http://o"), Written()
    connection._transport = written  # type: ignore[assignment]
    asked = b"POST /v1/batches HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody" + b"GET /v1/batches/a HTTP/1.1\r\n\r\n"
    for start in range(0, len(asked), step):
        connection.data_received(asked[start : start + step])
    assert [b"201", b"200"] == re.findall(rb"HTTP/1.1 (\d+)", written.data)


@pytest.mark.anyio
async def test_a_late_answer_waits_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay is a timer of the event loop for each answer: 64 at once are each late by the same."""
    timers: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda delay, write, answer: timers.append((delay, answer)))
    for _ in range(64):
        connection, written = Connection(Service(tmp_path), "http://o"), Written()
        connection._transport = written  # type: ignore[assignment]
        connection.data_received(b"GET /delay-20/v1/batches/a HTTP/1.1\r\n\r\n")
        assert b"" == written.data
    assert [0.02] * 64 == [delay for delay, _ in timers]


def test_the_head_of_a_request_is_read() -> None:
    """Method, path, length of the body, and whether the client waits for a word; a chunked body is refused."""
    asked = head.read(b"PUT /a HTTP/1.1\r\ncontent-LENGTH: 12\r\nExpect: 100-continue\r\n\r\n")
    assert ("PUT", "/a", 12, True) == (asked.method, asked.target, asked.body_size, asked.expects)
    with pytest.raises(ValueError, match="chunked"):
        head.read(b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
