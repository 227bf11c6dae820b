"""The parity testee over together_batches: `python.py blocking` or `python.py async`."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import sys
from datetime import UTC, datetime
from typing import Any

import attrs

import together_batches as tb

CALLS = {
    "create_batch": ("batches", "create_batch"),
    "get_batch": ("batches", "get_batch"),
    "list_batches": ("batches", "list_batches"),
    "cancel_batch": ("batches", "cancel_batch"),
    "wait": ("batches", "wait"),
    "upload": ("files", "upload"),
    "list_files": ("files", "list"),
    "retrieve": ("files", "retrieve"),
    "delete": ("files", "delete"),
    "retrieve_content": ("files", "retrieve_content"),
}
NAMES = {"path": "file"}  # of an argument here, where it has another
# The first that fits: an error can be of two kinds.
KINDS: list[tuple[str, type[Exception] | tuple[type[Exception], ...]]] = [
    ("invalid_argument", (tb.InvalidArgumentError, tb.ConfigurationError, tb.FileCheckError)),
    ("unknown_fate", tb.CreateOutcomeUnknownError),
    ("auth", (tb.AuthenticationError, tb.PermissionDeniedError)),
    ("not_found", tb.NotFoundError),
    ("conflict", tb.ConflictError),
    ("rate_limit", tb.RateLimitError),
    ("server", tb.InternalServerError),
    ("client", tb.APIStatusError),
    ("connection", tb.APIConnectionError),
    ("reply", (tb.APIResponseValidationError, tb.UploadError, tb.DownloadError)),
]


def plain(value: Any) -> Any:
    """A value of the client as JSON."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return {"content_base64": base64.b64encode(value).decode()}
    if not attrs.has(type(value)):
        return {"path": str(value)}
    fields = attrs.asdict(value, recurse=False)
    moments = {name: moment for name, moment in fields.items() if isinstance(moment, datetime)}
    # A file's time is told in seconds, as the service has it, a job's in RFC 3339.
    is_file = isinstance(value, tb.FileObject)
    return fields | {
        name: moment.timestamp() if is_file else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        for name, moment in moments.items()
    }


async def call(colour: str, message: dict[str, Any]) -> Any:
    config, (resource, method) = message["config"], CALLS[message["operation"]]
    arguments = {NAMES.get(name, name): value for name, value in message["arguments"].items() if name != "poll"}
    client = (tb.AsyncTogether if colour == "async" else tb.Together)(
        config["api_key"], config["base_url"], config["timeout_seconds"], config["max_retries"]
    )
    try:
        value = getattr(getattr(client, resource), method)(**arguments)
        return plain(await value if inspect.isawaitable(value) else value)
    finally:
        closed = client.close()
        if closed is not None:
            await closed


def main(colour: str) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            answer: dict[str, Any] = {
                "testee": f"python-{colour}",
                "version": tb.__version__,
                "operations": list(CALLS),
            }
            answer["features"] = ["check"]
        else:
            try:
                answer = {"id": message["id"], "value": asyncio.run(call(colour, message))}
            except tb.TogetherError as error:
                kind = next(kind for kind, types in KINDS if isinstance(error, types))
                answer = {"id": message["id"], "error": {"kind": kind, "message": str(error)}}
        print(json.dumps(answer), flush=True)


main(sys.argv[1])
