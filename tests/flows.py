"""A flow driven by hand: effects out, outcomes in, and a clock that only a `Sleep` moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from together_batches._effects import (
    Call,
    Effect,
    Failure,
    Fetch,
    Fetched,
    Flow,
    Instant,
    Notify,
    Now,
    Parallel,
    Put,
    Reply,
    Sleep,
    Work,
)
from together_batches._retry import Policy
from together_batches._settings import Settings

T = TypeVar("T")

SETTINGS = Settings("http://api.test/v1", "secret-key", "api_key=", 60.0, Policy())
START = Instant(1000.0, 1_790_000_000.0)
"""When each trace begins: 2026-09-21 14:13:20 UTC."""

RESET = Failure("reset", sent=True)
REFUSED = Failure("refused", sent=False)
TIMED_OUT = Failure("read timed out", sent=True, timed_out=True)

Outcome = Reply | Failure | Fetched
Answer = Outcome | Callable[[Any], Outcome]


def reply(status: int = 200, body: Any = None, **headers: str) -> Reply:
    """A reply with a JSON body; header names are given with underscores."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


class Trace:
    """Drives a flow with scripted answers to its calls, puts and fetches, and keeps what it asked for."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: Iterator[Answer] = iter(answers)
        self.effects: list[Effect] = []
        self.seconds = 0.0

    def run(self, flow: Flow[T]) -> T:
        """The result of the flow, all answers used."""
        outcome: object = None
        try:
            while True:
                outcome = self._perform(flow.send(outcome))
        except StopIteration as stop:
            assert next(self.answers, None) is None, "not all answers were asked for"
            result: T = stop.value
            return result
        finally:
            flow.close()

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Now():
                return Instant(START.monotonic + self.seconds, START.unix + self.seconds)
            case Sleep():
                self.effects.append(effect)
                self.seconds += effect.at_most
                return None
            case Notify():
                return effect.callback(effect.value)
            case Work():
                return effect.function()
            case Parallel():
                return [self.run_inner(flow) for flow in effect.flows]
            case Call() | Put() | Fetch():
                self.effects.append(effect)
                answer = next(self.answers)
                return answer(effect) if callable(answer) else answer

    def run_inner(self, flow: Flow[Any]) -> Any:
        outcome: object = None
        try:
            while True:
                outcome = self._perform(flow.send(outcome))
        except StopIteration as stop:
            return stop.value

    @property
    def calls(self) -> list[str]:
        """The calls as `METHOD path`, in order."""
        return [f"{effect.method} {effect.path}" for effect in self.effects if isinstance(effect, Call)]

    @property
    def sleeps(self) -> list[tuple[float, float]]:
        """The pauses, as their bounds in seconds."""
        return [(effect.at_least, effect.at_most) for effect in self.effects if isinstance(effect, Sleep)]
