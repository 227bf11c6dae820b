"""What the tests of the embedded server share: a bare HTTP client of it, and a backend that does as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
MODEL = "example/small-chat"
TERMINAL = {"COMPLETED", "FAILED", "EXPIRED", "CANCELLED"}
PATIENCE_SECONDS = 60


class Api(httpx.Client):
    """A client that knows the protocol and nothing else."""

    def __init__(self, server: Any) -> None:
        super().__init__(base_url=server.base_url, headers={"Authorization": f"Bearer {server.api_key}"})

    def start_upload(self, **fields: str) -> httpx.Response:
        form = {"purpose": "batch-api", "file_name": "requests.jsonl", "file_type": "jsonl"} | fields
        return self.post("/files", data=form)

    def upload(self, content: bytes, **fields: str) -> str:
        """The id of a new file."""
        started = self.start_upload(**fields)
        assert 302 == started.status_code, started.text
        assert 200 == httpx.put(started.headers["location"], content=content).status_code
        file_id = started.headers["x-together-file-id"]
        assert 200 == self.post(f"/files/{file_id}/preprocess").status_code
        return file_id

    def create(self, file_id: str, endpoint: str = CHAT) -> dict[str, Any]:
        """The new job."""
        body = {"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h"}
        created = self.post("/batches", json=body)
        assert 201 == created.status_code, created.text
        assert ["job"] == list(created.json())
        return created.json()["job"]

    def submit(self, content: bytes, endpoint: str = CHAT) -> str:
        """The id of a new job over a new file."""
        return self.create(self.upload(content), endpoint)["id"]

    def job(self, job_id: str) -> dict[str, Any]:
        return self.get(f"/batches/{job_id}").json()

    def wait(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended."""
        return self.until(job_id, lambda job: job["status"] in TERMINAL)

    def until(self, job_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The job, once `holds` says so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if holds(job := self.job(job_id)):
                return job
        raise AssertionError(f"it did not happen: {job}")

    def run(self, content: bytes, endpoint: str = CHAT) -> dict[str, Any]:
        """A job over a new file, once it has ended."""
        return self.wait(self.submit(content, endpoint))

    def rows(self, file_id: str | None) -> dict[str, dict[str, Any]]:
        """The rows of a file of results, by custom_id."""
        if file_id is None:
            return {}
        content = self.get(f"/files/{file_id}/content").content
        rows = [json.loads(line) for line in content.splitlines()]
        assert len(rows) == len({row["custom_id"] for row in rows})
        return {row["custom_id"]: row for row in rows}


class Upstream(ThreadingHTTPServer):
    """A backend that answers as `reply` says, once it may."""

    daemon_threads = True

    def __init__(self, reply: Callable[[dict[str, Any]], tuple[int, Any]] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.reply = reply or (lambda body: (200, {"choices": [{"message": {"content": question(body)}}]}))
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.arrived = threading.Semaphore(0)
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Condition()
        self.permits: int | None = None
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def allow(self, answers: int | None = None) -> None:
        """Lets so many more requests be answered, and holds up the others; None lets all."""
        with self.lock:
            self.permits = answers
            self.lock.notify_all()

    def wait_for(self, requests: int) -> None:
        """Returns when so many more requests have come."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=PATIENCE_SECONDS)

    @property
    def questions(self) -> list[str]:
        return [question(body) for _, body in self.asked]


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append((self.path, body))
            self.server.in_flight += 1
            self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
        self.server.arrived.release()
        with self.server.lock:
            self.server.lock.wait_for(lambda: self.server.permits != 0)
            if self.server.permits:
                self.server.permits -= 1
            self.server.in_flight -= 1
        status, answer = self.server.reply(body)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the one who asked has gone
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def question(body: dict[str, Any]) -> str:
    return body["messages"][-1]["content"]


def chat(custom_id: str, content: Any = "hello", **fields: Any) -> dict[str, Any]:
    """A chat request; a field that is `...` is left out."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}]} | fields
    return {"custom_id": custom_id, "body": {name: value for name, value in body.items() if value is not ...}}


def jsonl(lines: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def chats(count: int) -> bytes:
    """A file of so many chats, `r1` with `question 1` and so on."""
    return jsonl(chat(f"r{number}", f"question {number}") for number in range(1, count + 1))
