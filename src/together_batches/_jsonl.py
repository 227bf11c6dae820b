"""What a line of a result file says. Pure."""

from __future__ import annotations

from typing import Any

from ._json import as_object, loads
from ._models import BatchResult, ResultError, Usage


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
