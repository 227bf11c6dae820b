"""Data made by a seed: the jobs of a list, request and result files, and large files of no meaning."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

from .contenders.rows import answers, pairs

STATUSES = ("VALIDATING", "IN_PROGRESS", "COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "CANCELLED")


def jobs(count: int) -> list[dict[str, object]]:
    """Jobs as the service lists them."""
    dice = random.Random(5)
    made: list[dict[str, object]] = []
    for number in range(count):
        status = dice.choice(STATUSES)
        day, ended = 1 + number % 28, status == "COMPLETED"
        made.append(
            {
                "id": f"{dice.getrandbits(32):08x}-0000-4000-8000-{number:012x}",
                "user_id": "user-1",
                "project_id": "project-1",
                "organization_id": "organization-1",
                "input_file_id": f"file-{dice.getrandbits(64):016x}",
                "file_size_bytes": dice.randrange(100_000_000),
                "status": status,
                "job_deadline": f"2026-01-{day + 1:02}T10:00:00.123456Z",
                "created_at": f"2026-01-{day:02}T10:00:00.123456Z",
                "endpoint": "/v1/chat/completions",
                "progress": 100 if ended else dice.randrange(100),
                "model_id": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
                "output_file_id": f"file-{dice.getrandbits(64):016x}" if ended else None,
                "error_file_id": None,
                "error": "the file is not valid" if status == "FAILED" else None,
                "completed_at": f"2026-01-{day:02}T11:30:00.5Z" if ended else None,
            }
        )
    return made


def write_requests(path: Path, count: int, size: int) -> None:
    """A request file whose prompts have about `size` characters."""
    _write(path, ({"custom_id": custom_id, "body": body} for custom_id, body in pairs(count, size)))


def write_answers(path: Path, count: int, size: int) -> None:
    """The answers to it, shuffled."""
    _write(path, answers(count, size))


def _write(path: Path, rows: Iterable[object]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_bytes(path: Path, size: int) -> None:
    """A file of `size` bytes that no compression makes smaller."""
    block = random.Random(6).randbytes(1024 * 1024)
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])
