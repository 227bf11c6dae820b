"""JSON in: any text that some server takes for it, and what a value is."""

from __future__ import annotations

from typing import Any, cast

import msgspec

# What msgspec raises for what is no JSON to it, or not of the type that is asked for.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def loads(data: bytes | bytearray | memoryview | msgspec.Raw) -> Any:
    """The value of a JSON text, read as leniently as the standard library does. Raises ValueError."""
    try:
        return msgspec.json.decode(data)
    except UNREADABLE:
        pass
    import json  # hardly ever needed

    try:  # lone surrogates, NaN, numbers out of range: not quite JSON, but no reason to lose an answer
        return json.loads(bytes(data))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def as_object(value: object) -> dict[str, Any] | None:
    """A JSON value, when it is an object."""
    if not isinstance(value, dict):
        return None
    fields: dict[str, Any] = cast(Any, value)
    return fields


def as_array(value: object) -> list[Any] | None:
    """A JSON value, when it is an array."""
    if not isinstance(value, list):
        return None
    items: list[Any] = cast(Any, value)
    return items
