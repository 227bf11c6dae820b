"""When to try again, and how long to wait first."""

from __future__ import annotations

import pytest

from together_batches._effects import Failure, Reply, Sleep
from together_batches._retry import Policy, Repeat, may_repeat, pause, retry_after

POLICY = Policy(max_retries=3, budget=100.0, base=0.5, cap=4.0, retry_after_cap=60.0)
UNIX = 1_790_000_000.0
RESET = Failure("reset", sent=True)
REFUSED = Failure("refused", sent=False)


def wait(
    outcome: Reply | Failure, *, repeat: Repeat = Repeat.SAFE, attempt: int = 0, elapsed: float = 0.0
) -> Sleep | None:
    return pause(POLICY, repeat, attempt, outcome, elapsed, UNIX)


def test_waits_grow_with_full_jitter_up_to_the_cap() -> None:
    """Each wait is drawn from nothing to a limit that doubles and ends at the cap."""
    policy = Policy(max_retries=9, base=0.5, cap=4.0)
    waits = [pause(policy, Repeat.SAFE, attempt, RESET, 0.0, UNIX) for attempt in range(5)]
    assert [Sleep(0.0, limit) for limit in (0.5, 1.0, 2.0, 4.0, 4.0)] == waits


def test_tries_end_with_the_count() -> None:
    """After `max_retries` further tries there is none."""
    assert wait(RESET, attempt=2) is not None
    assert wait(RESET, attempt=3) is None
    assert pause(Policy(max_retries=0), Repeat.SAFE, 0, RESET, 0.0, UNIX) is None


def test_tries_end_with_the_budget() -> None:
    """No try starts after the budget, the wait that the service asked for included."""
    asked = Reply(503, {"retry-after": "30"})
    assert wait(RESET, elapsed=100.0) is not None
    assert wait(RESET, elapsed=100.1) is None
    assert wait(asked, elapsed=70.0) == Sleep(30.0, 30.5)
    assert wait(asked, elapsed=70.1) is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 520, 524, 529, 599])
def test_passing_statuses_are_repeated(status: int) -> None:
    """What may pass is tried again."""
    assert wait(Reply(status)) == Sleep(0.0, 0.5)


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422])
def test_lasting_statuses_are_not_repeated(status: int) -> None:
    """What will be the same next time is not tried again."""
    assert wait(Reply(status)) is None


def test_a_conflict_is_repeated_only_when_the_service_says_that_it_passes() -> None:
    """409 means try again with a Retry-After or x-should-retry, and else what it says."""
    assert wait(Reply(409, {"retry-after": "1"})) == Sleep(1.0, 1.5)
    assert wait(Reply(409, {"x-should-retry": "true"})) == Sleep(0.0, 0.5)
    assert wait(Reply(409, {"x-should-retry": "false"})) is None


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (REFUSED, True),
        (RESET, False),
        (Failure("read timed out", sent=True, timed_out=True), False),
        (Reply(425), True),
        (Reply(429), True),
        (Reply(408), False),
        (Reply(409, {"retry-after": "1"}), False),
        (Reply(500), False),
        (Reply(502), False),
        (Reply(503, {"retry-after": "1"}), False),
        (Reply(524), False),
    ],
)
def test_what_may_have_been_accepted_is_not_repeated(outcome: Reply | Failure, expected: bool) -> None:
    """An operation that must not happen twice is repeated only when it cannot have happened."""
    assert expected == may_repeat(Repeat.UNSENT, outcome)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 2 "}, 2.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "soon"}, None),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:30 GMT"}, 10.0),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Mon, 99 Sep 2026 99:99:99 GMT"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_what_the_service_asks_for_is_understood(headers: dict[str, str], expected: float | None) -> None:
    """Seconds, milliseconds and dates are read; nonsense is no request."""
    assert expected == retry_after(headers, UNIX)


def test_the_wait_asked_for_is_the_least_and_jitter_comes_on_top() -> None:
    """Everybody who was told the same number comes back at another time, none too early."""
    assert wait(Reply(429, {"retry-after": "60"}), attempt=1) == Sleep(60.0, 61.0)


def test_a_longer_wait_than_the_cap_is_the_callers_to_decide() -> None:
    """Beyond the cap there is no further try."""
    assert wait(Reply(429, {"retry-after": "60.1"})) is None
