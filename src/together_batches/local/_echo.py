"""The echo backend: every request is answered with its own words, or refused as a service would refuse it.

The same request always gets the same answer. A chat is answered with `Echo: ` and its last user message, a completion
with `Echo: ` and its prompt, audio with `Echo: ` and the URL of its file. A token is at most four characters of one
word; an answer of more than `max_tokens` (or `max_completion_tokens`) tokens is cut there, with the `finish_reason`
`length`.

Refused, each as a row in the error file, in this order:

- `model_not_found`: a `model` whose last part, after any `/`, begins with `no-such-model`.
- `invalid_request_error`, naming the parameter:
  - `messages`: missing, not a list, empty; a message that is no object, has another `role` than system, developer,
    user, assistant or tool, or a `content` that is neither text nor a list of parts with a `type` (null is allowed
    where there are `tool_calls`);
  - `prompt`, of completions: missing, not text, or empty;
  - `file`, of audio: not an http or https URL;
  - `max_tokens`, `max_completion_tokens`: not an integer, or less than 1;
  - `temperature`: not a number from 0 to 2; `top_p`: not a number from 0 to 1;
  - `n`: not an integer from 1 to 128;
  - `stop`: neither text nor a list of texts;
  - `stream`: anything but false, since a batch cannot stream.
- `context_length_exceeded`: a prompt and `max_tokens` of more than 131,072 tokens together.

Parameters that are null count as absent; all others are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import _json
from ._backend import AUDIO, CHAT, COMPLETIONS, Answer, Question, RowError

CONTEXT_TOKENS = 131_072
MISSING_MODEL = "no-such-model"
ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
# What a chat template adds around each message.
MESSAGE_TOKENS = 4

_TOKEN = re.compile(r"\s*\S{1,4}|\s+\Z")


class Echo:
    """Answers at once, from the request alone."""

    endpoints: frozenset[str] | None = frozenset({CHAT, COMPLETIONS, *AUDIO})

    async def answer(self, question: Question) -> Answer | RowError:
        """The echo of a request, or why it is refused."""
        try:
            return Answer(_answer(question))
        except _Refused as refused:
            return RowError(str(refused), refused.code)

    async def aclose(self) -> None:
        """Holds nothing that would have to be closed."""


class _Refused(Exception):
    def __init__(self, message: str, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.code = code


def _answer(question: Question) -> dict[str, Any]:
    body = {name: value for name, value in question.body.items() if value is not None}
    model = str(body["model"])
    if model.rpartition("/")[2].startswith(MISSING_MODEL):
        raise _Refused("the model does not exist, or you have no access to it", "model_not_found")
    shape = _chat if question.endpoint == CHAT else _completion if question.endpoint == COMPLETIONS else _audio
    return shape(question, body)


def _chat(question: Question, body: dict[str, Any]) -> dict[str, Any]:
    messages = _messages(body.get("messages"))
    asked = next((text for role, text in reversed(messages) if role == "user"), messages[-1][1])
    prompt_tokens = sum(len(tokens(text)) + MESSAGE_TOKENS for _, text in messages)
    return _choices(
        question,
        body,
        asked,
        prompt_tokens,
        ("chatcmpl", "chat.completion"),
        lambda text: {"message": {"role": "assistant", "content": text, "tool_calls": []}},
    )


def _completion(question: Question, body: dict[str, Any]) -> dict[str, Any]:
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise _Refused("prompt: must be a text that is not empty")
    return _choices(
        question, body, prompt, len(tokens(prompt)), ("cmpl", "text_completion"), lambda text: {"text": text}
    )


def _audio(question: Question, body: dict[str, Any]) -> dict[str, Any]:
    url = body["file"]
    if not re.match(r"https?://[^/\s]", url):
        raise _Refused("file: must be an http or https URL")
    _check_temperature(body)
    return {"text": f"Echo: {url}", "usage": _usage(len(tokens(url)), len(tokens(f"Echo: {url}")))}


def _choices(
    question: Question,
    body: dict[str, Any],
    asked: str,
    prompt_tokens: int,
    kind: tuple[str, str],
    shape: Callable[[str], dict[str, Any]],
) -> dict[str, Any]:
    """What chats and completions have in common: the limits on the answer, and its envelope."""
    limits = [_integer(body, name, 1) for name in ("max_tokens", "max_completion_tokens")]
    limit = min((value for value in limits if value is not None), default=None)
    _check_temperature(body)
    _number(body, "top_p", 1)
    choices = _integer(body, "n", 1, 128) or 1
    stop = body.get("stop", [])
    if not isinstance(stop, str) and not (_json.is_list(stop) and all(isinstance(one, str) for one in stop)):
        raise _Refused("stop: must be a text or a list of texts")
    if body.get("stream", False) is not False:
        raise _Refused("stream: a batch cannot stream")
    if prompt_tokens + (limit or 0) > CONTEXT_TOKENS:
        raise _Refused(
            f"the model's context is {CONTEXT_TOKENS} tokens, and {prompt_tokens} of the prompt "
            f"and {limit or 0} of the answer were asked for",
            "context_length_exceeded",
        )
    answer = tokens(f"Echo: {asked}")
    kept = answer if limit is None else answer[:limit]
    outcome = shape("".join(kept)) | {"finish_reason": "stop" if len(kept) == len(answer) else "length"}
    return {
        "id": f"{kind[0]}-{question.id}",
        "object": kind[1],
        "created": question.created,
        "model": body["model"],
        "choices": [{"index": index, "logprobs": None, **outcome} for index in range(choices)],
        "usage": _usage(prompt_tokens, choices * len(kept)),
    }


def tokens(text: str) -> list[str]:
    """A text in pieces that make it up again, about as many as a real tokenizer would give."""
    return _TOKEN.findall(text)


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _messages(messages: Any) -> list[tuple[str, str]]:
    if not _json.is_list(messages) or not messages:
        raise _Refused("messages: must be a list of at least one message")
    return [_message(f"messages[{index}]", message) for index, message in enumerate(messages)]


def _message(name: str, message: Any) -> tuple[str, str]:
    if not _json.is_object(message):
        raise _Refused(f"{name}: must be an object")
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise _Refused(f"{name}.role: must be one of {', '.join(sorted(ROLES))}")
    if content is None and message.get("tool_calls"):
        return role, ""
    if isinstance(content, str):
        return role, content
    if not _json.is_list(content):
        raise _Refused(f"{name}.content: must be a text or a list of parts")
    texts: list[str] = []
    for part in content:
        if not _json.is_object(part) or not isinstance(part.get("type"), str):
            raise _Refused(f"{name}.content: each part must be an object with a type")
        text = part.get("text")
        texts += [text] if isinstance(text, str) else []
    return role, "\n".join(texts)


def _check_temperature(body: dict[str, Any]) -> None:
    _number(body, "temperature", 2)


def _integer(body: dict[str, Any], name: str, least: int, most: int | None = None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or value < least or (most is not None and value > most):
        raise _Refused(f"{name}: must be an integer " + (f"from {least} to {most}" if most else f"of at least {least}"))
    return value


def _number(body: dict[str, Any], name: str, most: float) -> None:
    value = body.get(name, 0)
    if type(value) not in {int, float} or not 0 <= value <= most:
        raise _Refused(f"{name}: must be a number from 0 to {most}")
