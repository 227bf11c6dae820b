"""How an operation of the contract is carried out: sent, tried again where that is safe, and read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ._effects import Call, Failure, Flow, Instant, Now, Put, Reply, Sleep
from ._reading import status_error
from ._retry import Repeat, may_repeat, pause
from ._settings import Settings

T = TypeVar("T")

log = logging.getLogger("together_batches")

# How storage says that a presigned address is not, or no longer, good.
URL_REFUSED = frozenset({400, 401, 403, 404, 410})


class Operation(Struct, Generic[T], frozen=True):
    """One call of the contract: its name for people, its request, how to read a success, what repeating it does."""

    name: str
    request: Mapping[str, Any]
    read: Callable[[Reply, Settings], T]
    repeat: Repeat = Repeat.SAFE

    def call(self, settings: Settings) -> Call:
        """The effect that sends it."""
        request = self.request
        json, form = request.get("json"), request.get("data")
        return Call(request["method"].upper(), request["url"], settings.timeout, json=json, form=form)


class Tried(Struct, frozen=True):
    """The reply that ended the tries, when it came, and whether an earlier one may have been lost, and have acted."""

    reply: Reply
    at: Instant
    repeated: bool


def perform(operation: Operation[T], settings: Settings) -> Flow[T]:
    """Carries out an operation with retries and gives what it answers. Raises one of our errors."""
    tried = yield from attempt(operation.name, operation.call(settings), operation.repeat, settings)
    return read(operation, tried, settings)


def read(operation: Operation[T], tried: Tried, settings: Settings) -> T:
    """What a reply says, the status first."""
    if not 200 <= tried.reply.status < 300:
        raise status_error(operation.name, tried.reply, settings, tried.at.unix)
    return operation.read(tried.reply, settings)


def attempt(doing: str, effect: Call | Put, repeat: Repeat, settings: Settings) -> Flow[Tried]:
    """Yields an effect until it is answered with something that repeating it would not better."""
    started: Instant = yield Now()
    tries = 0
    repeated = False
    while True:
        outcome: Reply | Failure = yield effect
        now: Instant = yield Now()
        wait = pause(settings.policy, repeat, tries, outcome, now.monotonic - started.monotonic, now.unix)
        tries += 1
        if wait is not None:
            # What is safe for a create, too, was not acted on.
            repeated = repeated or not may_repeat(Repeat.UNSENT, outcome)
            yield from retrying(doing, outcome, tries, wait)
        elif isinstance(outcome, Failure):
            raise outcome.error(doing)
        else:
            return Tried(outcome, now, repeated)


def retrying(doing: str, outcome: Reply | Failure, tries: int, wait: Sleep) -> Flow[None]:
    """Waits, and has the log say why something is tried again, and when."""
    reason = outcome.reason if isinstance(outcome, Failure) else f"status {outcome.status}"
    yield replace(wait, before=f"{doing}: try {tries}: {reason}")
