"""JSON in and out: strict in what is read, and never unable to write what was read."""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard


def loads(data: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises ValueError, also for NaN, infinities and nesting that is too deep."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def dumps(value: Any) -> bytes:
    """A JSON text in UTF-8, on one line."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say only with an escape
        return json.dumps(value, separators=(",", ":")).encode()


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold a string: JSON can smuggle in half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return value
