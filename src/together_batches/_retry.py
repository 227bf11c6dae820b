"""When to try again, and how long to wait first: a pure function from facts to a decision.

Full jitter between nothing and a limit that doubles; what the service asks for in `Retry-After` is honoured up to
a cap, beyond which waiting is the caller's decision and an error says until when.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from ._effects import Failure, Reply, Sleep


class Repeat(Enum):
    """What repeating an operation may do."""

    SAFE = "safe"
    """Nothing: it reads, or doing it twice is as good as once."""
    UNSENT = "unsent"
    """Harm, unless the service cannot have acted: it was never reached, or turned the request away."""


class Policy(Struct, frozen=True):
    """`max_retries` further tries; none starts after `budget` seconds; waits grow from `base` to `cap` seconds."""

    max_retries: int = 4
    budget: float = 300.0
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 60.0


def pause(
    policy: Policy, repeat: Repeat, attempt: int, outcome: Reply | Failure, elapsed: float, unix: float
) -> Sleep | None:
    """The wait before the next try, or None when there shall be none.

    `attempt` counts from 0, `elapsed` is in seconds since the first try began, `unix` is the time in seconds
    since 1970, for a Retry-After that is a date.
    """
    if attempt >= policy.max_retries or not may_repeat(repeat, outcome):
        return None
    at_least, at_most = 0.0, min(policy.cap, policy.base * 2**attempt)
    if isinstance(outcome, Reply) and (asked := retry_after(outcome.headers, unix)) is not None:
        if asked > policy.retry_after_cap:
            return None
        # Everybody was told the same number: come a little later than it, each at another time.
        at_least, at_most = asked, asked + at_most
    return Sleep(at_least, at_most) if elapsed + at_least <= policy.budget else None


def may_repeat(repeat: Repeat, outcome: Reply | Failure) -> bool:
    """Whether trying again can help, and can do no harm."""
    if isinstance(outcome, Failure):
        return repeat is Repeat.SAFE or not outcome.sent
    if outcome.status in {425, 429}:  # turned away before anything was done
        return True
    if repeat is not Repeat.SAFE:
        return False
    if outcome.status == 409:  # a conflict stays one unless the service says that it passes
        return "retry-after" in outcome.headers or outcome.headers.get("x-should-retry") == "true"
    return outcome.status == 408 or outcome.status >= 500


def retry_after(headers: Mapping[str, str], unix: float) -> float | None:
    """The seconds a reply asks to wait, from `retry-after-ms` or `Retry-After` as a number or a date; else None."""
    try:
        if "retry-after-ms" in headers:
            return _finite(float(headers["retry-after-ms"]) / 1000)
        text = headers["retry-after"]
    except (KeyError, ValueError):
        text = headers.get("retry-after", "")
    try:
        return _finite(float(text))
    except ValueError:
        pass
    # Takes 8 ms to import, and a date is seldom what is sent.
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    try:
        # The date is on the service's clock, which may not be ours.
        return max(0.0, until - parsedate_to_datetime(headers["date"]).timestamp())
    except (KeyError, ValueError, OverflowError):
        return max(0.0, until - unix)


def _finite(seconds: float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError(seconds)
    return seconds
