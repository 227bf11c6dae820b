"""Requests and answers made by a seed: the same on every machine and in every process."""

from __future__ import annotations

import random
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


def pairs(count: int, size: int = 1400) -> list[tuple[str, dict[str, Any]]]:
    """Pairs of custom_id and body."""
    prompts = texts(1, size)
    dice = random.Random(2)
    return [
        (
            f"request-{number:07}",
            {
                "model": MODEL,
                "messages": [
                    {"role": "system", "content": "Answer in one sentence."},
                    {"role": "user", "content": prompts[number % len(prompts)]},
                ],
                "max_tokens": 200,
                "temperature": round(dice.random(), 3),
                "seed": dice.randrange(1_000_000),
            },
        )
        for number in range(count)
    ]


def answers(count: int, size: int = 1500) -> list[dict[str, Any]]:
    """The rows of an output file, shuffled."""
    replies = texts(3, size)
    dice = random.Random(4)
    numbers = list(range(count))
    dice.shuffle(numbers)
    return [
        {
            "id": f"br_{number:07}",
            "custom_id": f"request-{number:07}",
            "response": {
                "status_code": 200,
                "body": {
                    "id": f"chatcmpl-{number:07}",
                    "object": "chat.completion",
                    "created": 1_790_000_000 + number,
                    "model": MODEL,
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "content": replies[number % len(replies)]},
                            "finish_reason": "stop",
                            "logprobs": None,
                        }
                    ],
                    "usage": {"prompt_tokens": 300, "completion_tokens": 200, "total_tokens": 500},
                },
            },
        }
        for number in numbers
    ]
