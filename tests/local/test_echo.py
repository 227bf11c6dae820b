from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.support import CHAT, COMPLETIONS, TRANSCRIPTIONS, chat
from together_batches.local._backend import Answer, Question, RowError
from together_batches.local._echo import Echo, tokens

pytestmark = pytest.mark.anyio

USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")


async def ask(body: dict[str, Any], endpoint: str = CHAT) -> dict[str, Any]:
    answer = await Echo().answer(Question("id", endpoint, body, 1_700_000_000))
    assert isinstance(answer, Answer), answer
    return answer.body


async def refused(body: dict[str, Any], endpoint: str = CHAT) -> RowError:
    answer = await Echo().answer(Question("id", endpoint, body, 1_700_000_000))
    assert isinstance(answer, RowError), answer
    return answer


async def test_a_chat() -> None:
    """The answer is the last user message, in the envelope of a chat completion."""
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "image_url"}, {"type": "text"}]},
        {"role": "assistant", "content": None, "tool_calls": [{}]},
    ]
    body = await ask(chat("a", messages=messages, seed=None, temperature=None)["body"])

    assert {
        "id": "chatcmpl-id",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "example/small-chat",
        "choices": [
            {
                "index": 0,
                "logprobs": None,
                "message": {"role": "assistant", "content": "Echo: two", "tool_calls": []},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 22, "completion_tokens": 3, "total_tokens": 25},
    } == body


async def test_a_chat_without_a_user() -> None:
    """Then the last message is echoed."""
    body = await ask(chat("a", messages=[{"role": "system", "content": "alone"}])["body"])

    assert "Echo: alone" == body["choices"][0]["message"]["content"]


async def test_max_tokens() -> None:
    """An answer is cut at the limit, with the finish reason that says so; an answer that just fits is not."""
    whole = (await ask(chat("a", "one two three")["body"]))["usage"]["completion_tokens"]
    fits = await ask(chat("a", "one two three", max_tokens=whole)["body"])
    cut = await ask(chat("a", "one two three", max_tokens=9, max_completion_tokens=3)["body"])

    assert "stop" == fits["choices"][0]["finish_reason"]
    assert ("length", "Echo: one") == (cut["choices"][0]["finish_reason"], cut["choices"][0]["message"]["content"])
    assert 3 == cut["usage"]["completion_tokens"]


async def test_several_choices() -> None:
    """`n` answers are given and counted."""
    one, three = [await ask(chat("a", n=n)["body"]) for n in (1, 3)]

    assert [0, 1, 2] == [choice["index"] for choice in three["choices"]]
    assert 3 * one["usage"]["completion_tokens"] == three["usage"]["completion_tokens"]


async def test_a_completion() -> None:
    """The answer is the prompt, as text."""
    body = await ask({"model": "m", "prompt": "Once", "stop": ["\n"], "stream": False}, COMPLETIONS)

    assert ("text_completion", "Echo: Once") == (body["object"], body["choices"][0]["text"])
    assert (1, 3, 4) == tuple(body["usage"][name] for name in USAGE)


async def test_audio() -> None:
    """The answer is the URL."""
    body = await ask({"model": "m", "file": "https://example.com/a.mp3"}, TRANSCRIPTIONS)

    assert "Echo: https://example.com/a.mp3" == body["text"]
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": ...}, "messages: must be a list of at least one message"),
        ({"messages": []}, "messages: must be a list of at least one message"),
        ({"messages": "hello"}, "messages: must be a list of at least one message"),
        ({"messages": ["hello"]}, "messages[0]: must be an object"),
        ({"messages": [{"content": "x"}]}, "messages[0].role: must be one of assistant, developer, system, tool, user"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0].role: must be one of "),
        ({"messages": [{"role": "user"}]}, "messages[0].content: must be a text or a list of parts"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content: must be a text or a list of parts"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content: each part must be an object with a"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content: each part must be an object with a"),
        ({"max_tokens": 0}, "max_tokens: must be an integer of at least 1"),
        ({"max_tokens": True}, "max_tokens: must be an integer of at least 1"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens: must be an integer of at least 1"),
        ({"temperature": 2.1}, "temperature: must be a number from 0 to 2"),
        ({"temperature": "hot"}, "temperature: must be a number from 0 to 2"),
        ({"top_p": -0.1}, "top_p: must be a number from 0 to 1"),
        ({"n": 129}, "n: must be an integer from 1 to 128"),
        ({"stop": 1}, "stop: must be a text or a list of texts"),
        ({"stop": [1]}, "stop: must be a text or a list of texts"),
        ({"stream": True}, "stream: a batch cannot stream"),
    ],
)
async def test_an_invalid_request(fields: dict[str, Any], message: str) -> None:
    """The error names the parameter."""
    error = await refused(chat("a", **fields)["body"])

    assert "invalid_request_error" == error.code
    assert error.message.startswith(message)


async def test_other_refusals() -> None:
    """A model that does not exist, a context that is too short, a prompt or a file that is none."""
    assert "model_not_found" == (await refused(chat("a", model="no-such-model")["body"])).code
    assert "model_not_found" == (await refused(chat("a", model="x/y/no-such-model-8b")["body"])).code
    assert "context_length_exceeded" == (await refused(chat("a", max_tokens=131_072)["body"])).code
    assert "context_length_exceeded" == (await refused(chat("a", "x" * 4 * 131_072)["body"])).code
    assert "invalid_request_error" == (await refused({"model": "m", "prompt": ["x"]}, COMPLETIONS)).code
    assert "invalid_request_error" == (await refused({"model": "m", "prompt": ""}, COMPLETIONS)).code
    assert "invalid_request_error" == (await refused({"model": "m", "file": "file:///x"}, TRANSCRIPTIONS)).code


@given(st.text())
def test_tokens_make_up_the_text(text: str) -> None:
    """No character is lost or added by cutting a text into tokens."""
    assert text == "".join(tokens(text))
