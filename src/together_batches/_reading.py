"""How answers are read: the status first, then the words, in whichever shape the service chose."""

from __future__ import annotations

import re
import time
from typing import Any

from ._effects import Reply
from ._errors import APIResponseValidationError, APIStatusError, error_class
from ._json import as_array, as_object, loads
from ._logs import without_queries
from ._retry import retry_after
from ._settings import Settings

# How much of an answer an error shows.
SHOWN_CHARACTERS = 300

_HINTS = {
    400: "mend the request",
    403: "ask for access, or use another key",
    404: "check the id, and that the key belongs to the same account",
    409: "look at its state first",
    413: "send less",
    429: "wait, then try again",
}


def status_error(doing: str, reply: Reply, settings: Settings, unix: float) -> APIStatusError:
    """The exception for an answer with an error status, in the service's own words and with what to do about it.

    `unix` is the time in seconds since 1970, for a Retry-After that is a date.
    """
    body = _body(reply, settings)
    words = said(body, settings)
    if reply.status == 401:
        hint = f"the key from {settings.key_source} is not accepted: set another"
    elif 300 <= reply.status < 400:
        hint = "a redirect here means that the base URL is not that of the API: check TOGETHER_BASE_URL"
    else:
        hint = _HINTS.get(reply.status, "try again later" if reply.status >= 500 else "")
    return _error(f"{doing}: {reply.status} {words}".rstrip(), hint, reply, redacted(body, settings), unix)


def storage_error(doing: str, reply: Reply, unix: float) -> APIStatusError:
    """The exception for an error status of the storage behind a presigned address.

    Of its words only the code is repeated, since storage quotes what was signed.
    """
    code = re.search(rb"<Code>(\w{1,60})</Code>", reply.body)
    words = f"{doing}: {reply.status}{f' {code[1].decode()}' if code else ''}"
    return _error(words, "try again" if reply.status < 500 else "try again later", reply, None, unix)


def _error(words: str, hint: str, reply: Reply, body: Any, unix: float) -> APIStatusError:
    asked = retry_after(reply.headers, unix)
    if asked is not None and (reply.status == 429 or reply.status >= 500):
        hint = f"try again in {asked:.0f} s{_when(unix + asked, in_full=asked >= 86_400)}"
    request = f" (request {reply.request_id})" if reply.request_id else ""
    return error_class(reply.status)(
        f"{words}{f'; {hint}' if hint else ''}{request}",
        status_code=reply.status,
        request_id=reply.request_id,
        body=body,
        retry_after=asked,
    )


def _when(unix: float, *, in_full: bool) -> str:
    try:
        return time.strftime(", after %Y-%m-%d %H:%M:%S UTC" if in_full else ", after %H:%M:%S UTC", time.gmtime(unix))
    except (ValueError, OverflowError, OSError):
        return ""


def contract_error(doing: str, reply: Reply, what: str, settings: Settings) -> APIResponseValidationError:
    """The exception for a success that is none, showing the start of what came."""
    start = one_line(reply.body, settings)
    return APIResponseValidationError(
        f"{doing}: {what} (status {reply.status}); it starts: {start or 'nothing'}",
        status_code=reply.status,
        request_id=reply.request_id,
        body=start,
    )


def json_value(doing: str, reply: Reply, settings: Settings) -> Any:
    """The JSON value of a successful reply. Raises APIResponseValidationError when it is not JSON."""
    try:
        return loads(reply.body)
    except ValueError:
        raise no_json(doing, reply, settings) from None


def no_json(doing: str, reply: Reply, settings: Settings) -> APIResponseValidationError:
    """The exception for a success that is not JSON."""
    what = "an HTML page came in place of JSON" if is_html(reply) else "the answer is not JSON"
    return contract_error(doing, reply, what, settings)


def json_object(doing: str, reply: Reply, settings: Settings) -> dict[str, Any]:
    """The JSON object of a successful reply. Raises APIResponseValidationError when it is none."""
    value = as_object(json_value(doing, reply, settings))
    if value is None:
        raise contract_error(doing, reply, "the answer is not a JSON object", settings)
    return value


def is_html(reply: Reply) -> bool:
    """Whether this is a page for people, by its type or its first bytes."""
    return "html" in reply.headers.get("content-type", "").lower() or looks_like_html(reply.body[:64])


def looks_like_html(start: bytes) -> bool:
    """Whether a body that starts so is a page for people."""
    return start.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def one_line(text: bytes | str, settings: Settings) -> str:
    """The start of a text as one printable line, without the key."""
    start = text[: SHOWN_CHARACTERS * 8]
    line = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    line = redact(" ".join("".join(c if c.isprintable() else " " for c in line).split()), settings)
    if len(start) < len(text):
        # The cut may have gone through a key, which is then not found.
        line = line[: -len(settings.key)]
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"


def said(body: object, settings: Settings) -> str:
    """The service's own words in an error body: `{"error": "text"}`, `{"error": {"message"}}`, or the like."""
    if (fields := as_object(body)) is not None:
        names = (name for name in ("error", "message", "detail") if fields.get(name))
        return next((said(fields[name], settings) for name in names), "")
    return one_line(body, settings) if isinstance(body, str) else ""


def redact(text: str, settings: Settings) -> str:
    """`text` without the key, and without the queries of addresses, which may be signatures."""
    return without_queries(text.replace(settings.key, "[key]"))


def redacted(value: Any, settings: Settings) -> Any:
    """A JSON value without the key in any of its strings."""
    if isinstance(value, str):
        return redact(value, settings)
    if (items := as_array(value)) is not None:
        return [redacted(item, settings) for item in items]
    if (fields := as_object(value)) is not None:
        return {redact(name, settings): redacted(item, settings) for name, item in fields.items()}
    return value


def _body(reply: Reply, settings: Settings) -> Any:
    if is_html(reply):
        return "an HTML page, so not from the API itself"
    try:
        return loads(reply.body)
    except ValueError:
        return one_line(reply.body, settings)
