from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from local.support import CHAT, TRANSCRIPTIONS, chat, chats, jsonl
from together_batches.local import _check
from together_batches.local._check import BrokenFile, check_file

AUDIO = {"custom_id": "a", "method": "FILE", "body": {"model": "m", "file": "https://example.com/a.mp3"}}


def test_a_good_file() -> None:
    """The requests are counted; their model is named if it is one; the last line need not be ended."""
    one = check_file(BytesIO(chats(3).rstrip()), CHAT)
    two = check_file(BytesIO(jsonl([chat("a", model="x"), chat("b", model="y")])), CHAT)

    assert (3, "example/small-chat") == (one.requests, one.model)
    assert (2, None) == (two.requests, two.model)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{", "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"x": NaN}', "not valid JSON"),
        (b'{"x": 1e999}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        ({"body": {"model": "m"}}, "custom_id must be a text that is not empty"),
        (chat(""), "custom_id must be a text that is not empty"),
        ({"custom_id": 1, "body": {"model": "m"}}, "custom_id must be a text that is not empty"),
        (chat("x" * 65), "custom_id has more than 64 characters"),
        (chat("\ud800"), "custom_id is not valid Unicode"),
        ({"custom_id": "a"}, "body must be an object"),
        ({"custom_id": "a", "body": []}, "body must be an object"),
        (chat("a", model=...), "body.model must name a model"),
        (chat("a", model=""), "body.model must name a model"),
        (chat("a", model=["m"]), "body.model must name a model"),
        (chat("a", model="\ud800"), "body.model must name a model"),
    ],
)
def test_a_broken_line(line: Any, error: str) -> None:
    """The first line that breaks a rule is named, by its number."""
    broken = line if isinstance(line, bytes) else json.dumps(line).encode()

    with pytest.raises(BrokenFile, match=f"^line 3: {error}$"):
        check_file(BytesIO(chats(2) + broken + b"\n" + chats(2)), CHAT)


def test_the_longest_id() -> None:
    """64 characters are allowed, however many bytes they are."""
    assert 1 == check_file(BytesIO(jsonl([chat("🌊" * 64)])), CHAT).requests


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (AUDIO | {"method": "POST"}, 'method must be "FILE" for audio'),
        (AUDIO | {"body": {"model": "m"}}, "body.file must be the URL of the audio"),
    ],
)
def test_audio(line: dict[str, Any], error: str) -> None:
    """Lines for audio name a file; other lines need not."""
    assert 1 == check_file(BytesIO(jsonl([AUDIO])), TRANSCRIPTIONS).requests
    assert 1 == check_file(BytesIO(jsonl([line])), CHAT).requests
    with pytest.raises(BrokenFile, match=f"^line 1: {error}$"):
        check_file(BytesIO(jsonl([line])), TRANSCRIPTIONS)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are too many or too long are refused."""
    monkeypatch.setattr(_check, "MAX_REQUESTS", 2)
    assert 2 == check_file(BytesIO(chats(2)), CHAT).requests
    with pytest.raises(BrokenFile, match=r"^line 3: a file may hold 2 requests$"):
        check_file(BytesIO(chats(3)), CHAT)

    longest = len(chats(1))
    monkeypatch.setattr(_check, "MAX_LINE_BYTES", longest)
    assert 1 == check_file(BytesIO(chats(1)), CHAT).requests
    with pytest.raises(BrokenFile, match=f"^line 2: longer than {longest} bytes$"):
        check_file(BytesIO(chats(1) + jsonl([chat("longer than the first")])), CHAT)
