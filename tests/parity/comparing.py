"""What a vector says against what a client did: a request with an exchange, an answer with an outcome."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass
class Request:
    """A request as it came; header names are in lower case."""

    origin: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def everything(self) -> str:
        """All of it as one text, to look for what must not be in it."""
        lines = (f"{name}: {value}" for name, value in self.headers.items())
        return "\n".join((self.target, *lines, self.body.decode("latin-1")))


def is_same_place(exchange: dict[str, Any], request: Request) -> bool:
    """Whether a request goes where an exchange expects one."""
    expect = exchange["expect"]
    return (exchange.get("origin", "api"), expect["method"], meaning(expect["target"])) == (
        request.origin,
        request.method,
        meaning(request.target),
    )


def meaning(target: str) -> tuple[list[str], str]:
    """A request target as the segments of its path, decoded one by one, and its query as it is.

    Clients differ in which harmless characters they encode, and in the case of the digits; a slash counts only raw.
    """
    path, _, query = target.partition("?")
    return [unquote(segment) for segment in path.split("/")], query


def complaints(exchange: dict[str, Any], request: Request, gap: float | None) -> list[str]:
    """What about a request is not as an exchange expects it. `gap` is in seconds since the last reply ended."""
    expect = exchange["expect"]
    origin = exchange.get("origin", "api")
    if not is_same_place(exchange, request):
        return [
            f"expected {expect['method']} {expect['target']} at {origin}, "
            f"sent {request.method} {request.target} at {request.origin}"
        ]
    found = []
    where = f"{request.method} {request.target}"
    for name, wanted in expect.get("headers", {}).get("must", {}).items():
        sent = request.headers.get(name.lower())
        if sent is None or (sent != wanted if isinstance(wanted, str) else not re.fullmatch(wanted["pattern"], sent)):
            found.append(f"{where}: header {name} should be {_shown(wanted)}, is {_shown(sent)}")
    found += [
        f"{where}: header {name} should not be there, is {_shown(request.headers[name.lower()])}"
        for name in expect.get("headers", {}).get("must_not", [])
        if name.lower() in request.headers
    ]
    # The body of a request that was cut off is not there to be looked at.
    if exchange["reply"].get("fault") != "reset_head":
        found += [f"{where}: {what}" for what in _body(expect, request)]
    limits = exchange.get("gap", {})
    if limits and gap is not None:
        low, high = limits.get("at_least_seconds", 0.0), limits.get("at_most_seconds", float("inf"))
        if not low <= gap <= high:
            found.append(f"{where}: came too {'early' if gap < low else 'late'}, should be {low:g} to {high:g} s")
    return found


def _body(expect: dict[str, Any], request: Request) -> list[str]:
    kind = request.headers.get("content-type", "")
    if "json" in expect or "json_members" in expect:
        if kind.partition(";")[0].strip() != "application/json":
            return [f"Content-Type should be application/json, is {_shown(kind)}"]
        try:
            sent = json.loads(request.body)
        except ValueError:
            return [f"the body should be JSON, is {_shown(request.body)}"]
        subset = "json" not in expect
        return differences(expect["json_members" if subset else "json"], sent, subset=subset, path="body")
    if "form" in expect:
        fields = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
        if kind.partition(";")[0].strip() != "application/x-www-form-urlencoded":
            return [f"Content-Type should be that of a form, is {_shown(kind)}"]
        if sorted(fields) != sorted(expect["form"].items()):
            return [f"form should be {_shown(expect['form'])}, is {_shown(dict(fields))}"]
    elif "multipart" in expect:
        parts = _parts(kind, request.body)
        if parts != expect["multipart"]:
            return [f"multipart should be {_shown(expect['multipart'])}, is {_shown(parts)}"]
    elif "text" in expect:
        if request.body != expect["text"].encode():
            return [f"body should be {_shown(expect['text'])}, is {_shown(request.body)}"]
    elif "bytes_base64" in expect:
        if request.body != base64.b64decode(expect["bytes_base64"]):
            return [f"body should be other bytes, is {_shown(request.body)}"]
    elif "bytes_sha256" in expect:
        if hashlib.sha256(request.body).hexdigest() != expect["bytes_sha256"]:
            return [f"body has another SHA-256, and {len(request.body)} bytes"]
    elif expect.get("empty", True) and request.body:
        return [f"there should be no body, is {_shown(request.body)}"]
    return []


def _parts(kind: str, body: bytes) -> dict[str, str]:
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode("latin-1")
        for part in (message.iter_parts() if message.is_multipart() else ())
    }


def differences(wanted: Any, got: Any, *, subset: bool = False, path: str = "value") -> list[str]:
    """Where two JSON values differ. With `subset`, members of objects that are not named do not count."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        # Not every client keeps what it does not know; one that does must keep it right.
        names = [name for name in wanted if not (subset and name == "extra" and "extra" not in got)]
        more = [] if subset else sorted(got.keys() - wanted.keys())
        return [
            line
            for name in names
            for line in (
                differences(wanted[name], got[name], subset=subset, path=f"{path}.{name}")
                if name in got
                else [f"{path}.{name} is not there, should be {_json(wanted[name])}"]
            )
        ] + [f"{path}.{name} should not be there" for name in more]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        pairs = enumerate(zip(wanted, got, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, subset=subset, path=f"{path}[{i}]")]
    # In JSON true is not 1, yet 1.0 is.
    alike = isinstance(wanted, bool) == isinstance(got, bool) and wanted == got
    return [] if alike else [f"{path} should be {_json(wanted)}, is {_json(got)}"]


def judged(outcome: dict[str, Any], answer: dict[str, Any], key: str) -> list[str]:
    """What about a testee's answer is not as a vector's outcome says."""
    error = answer.get("error")
    found = []
    if "error" in outcome:
        if not isinstance(error, dict):
            return [f"error {outcome['error']} should come, came {_json(answer.get('value'))}"]
        if error.get("kind") != outcome["error"]:
            found.append(f"error should be {outcome['error']}, is {error.get('kind')}: {_shown(error.get('message'))}")
        message = str(error.get("message"))
        rules = outcome.get("message", {})
        wanted, banned = rules.get("must", []), [*rules.get("must_not", []), key]
        found += [f"message should say {text!r}: {_shown(message)}" for text in wanted if text not in message]
        found += [f"message should not hold {text!r}: {_shown(message)}" for text in banned if text in message]
        return found
    if isinstance(error, dict):
        return [f"a value should come, came error {error.get('kind')}: {_shown(error.get('message'))}"]
    return differences(_spelled(outcome["value"]), answer.get("value"), subset=True)


def _spelled(wanted: Any) -> Any:
    """An expected value as testees give it: content that a vector writes as text is base64 on the pipe."""
    if isinstance(wanted, dict) and "content_text" in wanted:
        rest = {name: value for name, value in wanted.items() if name != "content_text"}
        return rest | {"content_base64": base64.b64encode(wanted["content_text"].encode()).decode()}
    return wanted


def _json(value: Any) -> str:
    """A value as JSON, so that 17, "17" and null look different."""
    return _short(json.dumps(value, ensure_ascii=False))


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return repr(_short(text)) if isinstance(text, str) else _json(text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
