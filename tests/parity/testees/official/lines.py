"""What the adapters of Together's own Python clients share: the lines, and how values and errors are named."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_BY_STATUS = {401: "auth", 403: "auth", 404: "not_found", 409: "conflict", 429: "rate_limit"}


def serve(
    version: str,
    operations: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]],
    kind: Callable[[Exception], str | None],
) -> None:
    """Answers calls until there are no more; an error that `kind` has no name for is called unexpected."""
    _stay_here()
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            answer: dict[str, Any] = {"testee": "official", "version": version, "operations": list(operations)}
        else:
            answer = {"id": message["id"]}
            try:
                answer["value"] = operations[message["operation"]](message["config"], message["arguments"])
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
                answer["error"] = {"kind": kind(error) or "unexpected", "message": words}
        print(json.dumps(answer), flush=True)


def by_status(status: int | None) -> str | None:
    """The kind of an error that came with an HTTP status."""
    if status is None:
        return None
    return "server" if status >= 500 else _BY_STATUS.get(status, "client")


def plain(model: Any, **named: str) -> Any:
    """A model of theirs as JSON; `named` says which field holds what the vectors call otherwise."""
    if isinstance(model, list):
        return [plain(item, **named) for item in model]
    if not hasattr(model, "model_dump"):
        return model
    fields = {name: _moment(value) for name, value in model.model_dump(by_alias=False).items()}
    return fields | {name: fields.get(theirs) for name, theirs in named.items()}


def _moment(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _stay_here() -> None:
    """Lets no client look up, and so reach, another machine than this by its name."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in {"127.0.0.1", "localhost", "::1"}:
            raise OSError(f"a parity testee may not leave this machine: {host!r}")
        return real(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo
