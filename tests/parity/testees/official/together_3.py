"""The parity testee over Together's own Python client, `together` 3.x, as it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pydantic
import together
from lines import by_status, plain, serve
from together.types import BatchJob

JOB = {"model_id": "x_model_id"}
# Theirs has neither; pydantic keeps what it does not know under the name on the wire.
FILE = {"processed": "Processed", "line_count": "LineCount"}


def client(config: dict[str, Any]) -> together.Together:
    return together.Together(
        api_key=config["api_key"],
        # Its paths begin with /v1, and its documentation has the base URL without.
        base_url=config["base_url"].removesuffix("/v1"),
        timeout=config["timeout_seconds"],
        max_retries=config["max_retries"],
    )


def create_batch(config: dict[str, Any], given: dict[str, Any]) -> Any:
    created = client(config).batches.create(input_file_id=given["file_id"], endpoint=given["endpoint"])
    if not isinstance(created.job, BatchJob):
        return created.job
    return plain(created.job, **JOB) | {"warning": created.warning}


def retrieve_content(config: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    content = client(config).files.content(given["id"])
    if "output" in given:
        content.write_to_file(given["output"])
        return {"path": given["output"]}
    return {"content_base64": base64.b64encode(content.read()).decode()}


def kind(error: Exception) -> str | None:
    if isinstance(error, together.APIStatusError):
        return by_status(error.status_code)
    if isinstance(error, httpx.HTTPStatusError):
        return by_status(error.response.status_code)
    if isinstance(error, together.APIConnectionError | httpx.HTTPError):
        return "connection"
    if isinstance(error, together.APIResponseValidationError | json.JSONDecodeError | pydantic.ValidationError):
        return "reply"
    return "invalid_argument" if isinstance(error, ValueError | OSError | together.TogetherError) else None


serve(
    together.__version__,
    {
        "create_batch": create_batch,
        "get_batch": lambda config, given: plain(client(config).batches.retrieve(given["id"]), **JOB),
        "list_batches": lambda config, given: plain(client(config).batches.list(), **JOB),
        "cancel_batch": lambda config, given: plain(client(config).batches.cancel(given["id"]), **JOB),
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
