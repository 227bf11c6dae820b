"""JSON as it comes, and what a result line says. Pure."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from ._models import BatchResult, ResultError, Usage


def loads(data: bytes | bytearray | memoryview) -> Any:
    """The value of a JSON text, read as leniently as the standard library does. Raises ValueError."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
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


def read_result(line: bytes) -> BatchResult:
    """One line of an output or error file; never raises.

    A code that is a number becomes a string; a status of 400 and above inside an answer is an error.
    """
    try:
        value = as_object(loads(line))
    except ValueError as error:
        return BatchResult(error=ResultError(code="unreadable_line", message=f"the line is not JSON: {error}"))
    if value is None:
        return BatchResult(error=ResultError(code="unreadable_line", message="the line is not a JSON object"))
    custom_id = value.get("custom_id")
    response = as_object(value.get("response")) or {}
    status, body = response.get("status_code"), as_object(response.get("body"))
    status = status if isinstance(status, int) and not isinstance(status, bool) else None
    return BatchResult(
        custom_id=custom_id if isinstance(custom_id, str) else None,
        status_code=status,
        body=body,
        error=_error(value.get("error"), status, body),
        usage=_usage(body),
    )


def _error(error: object, status: int | None, body: dict[str, Any] | None) -> ResultError | None:
    if not error:
        if status is not None and status >= 400:
            inner = body.get("error") if body else None
            return _error(inner, None, None) if inner else ResultError(code=f"http_{status}", message=f"HTTP {status}")
        if body is None:
            return ResultError(code="unreadable_line", message="the line holds neither an answer nor an error")
        return None
    if (fields := as_object(error)) is None:
        return ResultError(message=str(error))
    code = fields.get("code") or fields.get("type")
    return ResultError(code=None if code is None else str(code), message=str(fields.get("message") or ""))


def _usage(body: dict[str, Any] | None) -> Usage | None:
    usage = as_object(body.get("usage")) if body else None
    if usage is None:
        return None
    prompt, completion, total = (
        value if isinstance(value := usage.get(name), int) else 0
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)
