"""Texts from elsewhere, made fit for one line: of a table, or of tab-separated rows."""

from __future__ import annotations

import json
import re
from typing import Any

# Escape sequences in an answer could rewrite the screen, overrides of the reading direction could turn a row around.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_TSV = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TSV_SPECIAL = re.compile(r"[\\\t\n\r]")


def clean(text: str) -> str:
    """`text` as one line that a terminal only shows: white space collapsed, control characters gone."""
    return harmless(" ".join(text.split()))


def harmless(line: str) -> str:
    """`line` without what could do more on a terminal than be shown."""
    return _UNSAFE.sub("", _encodable(line))


def tsv(text: str) -> str:
    r"""`text` as a field of a tab-separated row: `\t`, `\n`, `\r` and `\\` stand for what would break the row."""
    escaped = _TSV_SPECIAL.sub(lambda match: _TSV[match[0]], _encodable(text))
    return _UNSAFE.sub("\ufffd", escaped)


def _encodable(text: str) -> str:
    """JSON may hold halves of surrogate pairs, which no stream takes."""
    return text.encode("utf-8", "replace").decode()


def question(body: Any) -> str:
    """What a request asks: its last message, prompt or file, or else all of it but the model as JSON."""
    match body:
        case {"messages": [*_, {"content": content}]}:
            return _content(content)
        case {"prompt": str(prompt)}:
            return prompt
        case {"file": str(url)}:
            return url
        case {"model": _, **rest}:
            return compact_json(rest)
        case _:
            return compact_json(body)


def answer(body: Any) -> str:
    """What an answer says: the text of its first choice, or the transcript, or else all of it as JSON."""
    match body:
        case {"choices": [{"message": {"content": content}}, *_]} if content is not None:
            return _content(content)
        case {"choices": [{"text": str(text)}, *_]} | {"text": str(text)}:
            return text
        case _:
            return compact_json(body)


def _content(content: Any) -> str:
    """A message's content is a text, or parts of which some have a text."""
    match content:
        case str():
            return content
        case [*parts] if any(texts := [_text(part) for part in parts]):
            return " ".join(text for text in texts if text)
        case _:
            return compact_json(content)


def _text(part: Any) -> str:
    match part:
        case {"text": str(text)}:
            return text
        case _:
            return ""


def compact_json(value: Any) -> str:
    """`value` as JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
