from __future__ import annotations

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.support import EXAMPLES, Command
from together_batches import Together, check_requests


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["requests.jsonl", "mixed.jsonl"])
def test_examples_pass_the_check(name: str) -> None:
    """Both files may be sent: what the service refuses in `mixed.jsonl` only the service can know."""
    report = check_requests(EXAMPLES / name)

    assert () == report.problems
    assert len(rows(name)) == report.requests


def test_requests_are_many_and_varied() -> None:
    """At least 200 requests, no question twice, several models, scripts, turns, and lengths up to several KB."""
    requests = rows("requests.jsonl")
    messages = [request["body"]["messages"] for request in requests]
    texts = [json.dumps(each, ensure_ascii=False) for each in messages]

    assert len(requests) >= 200
    assert len(requests) == len(set(texts))
    assert len(Counter(request["body"]["model"] for request in requests)) >= 5
    assert sum(len(each) > 2 for each in messages) >= 10
    assert sum(len(text) > 3000 for text in texts) >= 5
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in set("".join(texts))}
    assert scripts >= {"ARABIC", "HEBREW", "CJK", "HANGUL", "HIRAGANA", "DEVANAGARI", "THAI", "CYRILLIC", "COMBINING"}
    assert "👨‍👩‍👧‍👦" in "".join(texts)


def test_the_echo_answers_every_request_and_refuses_as_intended(
    command: Command, service: Together, tmp_path: Path
) -> None:
    """Without an account the first file is answered in full, and of the second exactly the rows that are named good."""
    assert 0 == command("run", EXAMPLES / "requests.jsonl", "-o", tmp_path / "requests").code
    mixed = command("run", EXAMPLES / "mixed.jsonl", "-o", tmp_path / "mixed")

    assert 3 == mixed.code
    assert all((name.startswith("good")) == (status == "ok") for name, status, _ in mixed.rows)
    assert {"ok", "model_not_found", "invalid_request_error", "context_length_exceeded"} == {
        row[1] for row in mixed.rows
    }
