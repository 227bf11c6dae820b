"""What passes between flows and their drivers."""

from __future__ import annotations

from typing import Any

import pytest

from together_batches._effects import Call, Failure, Fetch, Instant, Put, Reply, Sleep

SECRET = "hidden"
BODY: Any = "the file"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Put(f"https://s.test/{SECRET}", BODY, 1.0, {"X": SECRET}), "Put(body='the file', timeout=1.0)"),
        (Reply(200, {"location": SECRET}, SECRET.encode()), "Reply(status=200)"),
        (Failure("reset", True, False, OSError(SECRET)), "Failure(reason='reset', sent=True, timed_out=False)"),
    ],
)
def test_what_may_hold_a_secret_is_not_shown(value: object, shown: str) -> None:
    """A presigned address, what is sent to it and what came stay out of every repr."""
    assert shown == repr(value)
    assert SECRET not in repr(Fetch(f"https://s.test/{SECRET}", BODY, bool, 1.0))


@pytest.mark.parametrize("value", [Call("GET", "/x", 1.0), Reply(200), Sleep(1.0, 2.0), Instant(1.0, 2.0)])
def test_a_value_is_frozen(value: Any) -> None:
    """Nobody changes what another was told."""
    for name in value.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(value, name, None)


def test_values_of_two_kinds_are_never_equal() -> None:
    """Of one kind they are when their fields are; of a failure the cause does not count."""
    assert Sleep(1.0, 2.0) == Sleep(1.0, 2.0)
    assert Sleep(1.0, 2.0) != Instant(1.0, 2.0)
    assert Failure("reset", sent=True) == Failure("reset", sent=True, cause=OSError())
    assert Failure("reset", sent=True) != Failure("reset", sent=False)
    assert Failure("reset", sent=True) != "reset"
