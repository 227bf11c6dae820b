"""What the tests of the command share: how a command ended, a backend that can be held up, request files."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
# What a test waits for happens within milliseconds; a broken one ends all the same.
PATIENCE_SECONDS = 60.0
MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"


@frozen
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        return [line.split("\t") for line in self.out.splitlines()]


Command: TypeAlias = Callable[..., Ended]


class Backend(ThreadingHTTPServer):
    """Answers chat completions, but only once `answering` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answering = threading.Event()
        self.asked = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.set()
        self.server.answering.wait()
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "late"}}], "usage": usage}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def write_requests(path: Path, *questions: str) -> Path:
    """A request file with the given questions as `r1`, `r2`, …"""
    lines = (
        {"custom_id": f"r{number}", "body": {"model": MODEL, "messages": [{"role": "user", "content": question}]}}
        for number, question in enumerate(questions, 1)
    )
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path
