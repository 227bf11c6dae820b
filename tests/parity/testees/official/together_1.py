"""The parity testee over Together's own Python client before its rewrite, `together` 1.x, as it is."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import pydantic
import requests
import together
from lines import by_status, plain, serve
from together import error as errors

FILE = {"file_type": "FileType"}
UNREADABLE = json.JSONDecodeError | pydantic.ValidationError


def client(config: dict[str, Any]) -> together.Together:
    return together.Together(
        api_key=config["api_key"],
        base_url=config["base_url"],
        timeout=config["timeout_seconds"],
        max_retries=config["max_retries"],
    )


def retrieve_content(config: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    if "output" in given:
        return {"path": str(client(config).files.retrieve_content(given["id"], output=given["output"]).filename)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "content"
        client(config).files.retrieve_content(given["id"], output=path)
        return {"content_base64": base64.b64encode(path.read_bytes()).decode()}


def kind(error: Exception) -> str | None:
    if isinstance(error, errors.Timeout | errors.APIConnectionError):
        return "connection"
    if isinstance(error, errors.JSONError | errors.ResponseError | errors.DownloadError | UNREADABLE):
        return "reply"
    if isinstance(error, requests.RequestException):
        return "connection"
    if isinstance(error, errors.FileTypeError | OSError):
        return "invalid_argument"
    if isinstance(error, errors.TogetherException):
        return by_status(error.http_status) or ("auth" if isinstance(error, errors.AuthenticationError) else None)
    return None


serve(
    together.version,
    {
        "create_batch": lambda config, given: plain(client(config).batches.create_batch(**given)),
        "get_batch": lambda config, given: plain(client(config).batches.get_batch(given["id"])),
        "list_batches": lambda config, given: plain(client(config).batches.list_batches()),
        "cancel_batch": lambda config, given: plain(client(config).batches.cancel_batch(given["id"])),
        "upload": lambda config, given: plain(
            client(config).files.upload(given["path"], purpose=given.get("purpose", "batch-api")), **FILE
        ),
        "list_files": lambda config, given: plain(client(config).files.list().data, **FILE),
        "retrieve": lambda config, given: plain(client(config).files.retrieve(given["id"]), **FILE),
        "delete": lambda config, given: plain(client(config).files.delete(given["id"])),
        "retrieve_content": retrieve_content,
    },
    kind,
)
