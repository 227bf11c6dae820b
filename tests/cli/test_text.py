from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches._cli._text import answer, clean, question, tsv


@given(st.text())
def test_clean_is_one_line_without_control_characters(text: str) -> None:
    """Whatever a text holds, what is shown is one printable line that stays as it is when cleaned again."""
    shown = clean(text)

    assert [shown] == (shown.splitlines() or [""])
    assert "\x1b" not in shown
    assert shown == clean(shown)


def test_clean_keeps_scripts_and_joined_emoji() -> None:
    """Only what could move the cursor or turn the line around goes; joiners and combining marks stay."""
    assert "سلام 👨‍👩‍👧 e\u0301 [31mred" == clean("سلام\n👨‍👩‍👧\te\u0301 \x1b[31mred\u202e")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"])) | st.text("\\\t\n\ra"))
def test_tsv_field_can_be_read_back(text: str) -> None:
    """A field holds no tab and no line end, and the four escapes give back the text."""
    field = tsv(text)

    assert not set("\t\n\r") & set(field)
    assert text == field.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace(
        "\0", "\\"
    )


def test_tsv_shows_other_control_characters_as_replaced() -> None:
    """An escape sequence in an answer does not reach whoever pages through the rows."""
    assert "\ufffd[2Jhi" == tsv("\x1b[2Jhi")


def test_halves_of_surrogate_pairs_become_encodable() -> None:
    """JSON may hold them; no stream takes them."""
    assert "a?b" == clean("a\ud800b") == tsv("a\ud800b")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}]}, "Q"),
        ({"messages": [{"content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}]}]}, "a b"),
        ({"messages": [{"content": [{"type": "image_url"}]}]}, '[{"type":"image_url"}]'),
        ({"prompt": "Once"}, "Once"),
        ({"file": "https://example.com/a.mp3"}, "https://example.com/a.mp3"),
        ({"input": "é"}, '{"input":"é"}'),
        ({"model": "m", "messages": []}, '{"messages":[]}'),
        (None, "null"),
    ],
)
def test_question(body: Any, expected: str) -> None:
    """The question is the last message, the prompt or the file; else the body without the model."""
    assert expected == question(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"choices": [{"message": {"content": "A"}}, {"message": {"content": "B"}}]}, "A"),
        ({"choices": [{"text": "T"}]}, "T"),
        ({"text": "transcript"}, "transcript"),
        ({"choices": [{"message": {"content": None}}]}, '{"choices":[{"message":{"content":null}}]}'),
        ({"choices": []}, '{"choices":[]}'),
        (None, "null"),
    ],
)
def test_answer(body: Any, expected: str) -> None:
    """The answer is the text of the first choice, or the transcript; else the whole body."""
    assert expected == answer(body)
