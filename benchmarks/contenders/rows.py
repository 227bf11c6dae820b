"""Requests and answers made by a seed: the same on every machine and in every process."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

TEXT = (
    "request answer model batch token deadline upload window question service reply river stone garden letter winter "
    "harbour copper signal orchard meadow lantern compass ribbon quarry thistle saddle bramble ledger"
)
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"


def texts(seed: int, size: int, count: int = 200) -> list[str]:
    """Some texts of about `size` characters, with quotes and line breaks as people write them."""
    dice = random.Random(seed)
    vocabulary = TEXT.split()
    made = []
    for _ in range(count):
        words = []
        length = 0
        while length < size:
            word = dice.choice(vocabulary)
            words.append(word + dice.choice(("", "", "", "", ",", ".\n", ' "é"')))
            length += len(words[-1]) + 1
        made.append(" ".join(words))
    return made


def pairs(count: int, size: int = 1400) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs of custom_id and body."""
    prompts = texts(1, size)
    dice = random.Random(2)
    for number in range(count):
        messages = [
            {"role": "system", "content": "Answer in one sentence."},
            {"role": "user", "content": prompts[number % len(prompts)]},
        ]
        body = {"model": MODEL, "messages": messages, "max_tokens": 200}
        yield (
            f"request-{number:07}",
            {**body, "temperature": round(dice.random(), 3), "seed": dice.randrange(1_000_000)},
        )


def answers(count: int, size: int = 1500) -> Iterator[dict[str, Any]]:
    """The rows of an output file, shuffled."""
    replies = texts(3, size)
    numbers = list(range(count))
    random.Random(4).shuffle(numbers)
    for number in numbers:
        message = {"role": "assistant", "content": replies[number % len(replies)]}
        body = {
            "id": f"chatcmpl-{number:07}",
            "object": "chat.completion",
            "created": 1_790_000_000 + number,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 300, "completion_tokens": 200, "total_tokens": 500},
        }
        name = f"request-{number:07}"
        yield {"id": f"br_{number:07}", "custom_id": name, "response": {"status_code": 200, "body": body}}
