"""The backend that asks another server, any that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

import httpx

from . import _json
from ._backend import Answer, Question, RowError

# How often a request is tried at a backend that cannot be reached or is busy, and how long it may stay silent.
TRIES = 4
FIRST_PAUSE_SECONDS = 0.25
SILENCE_SECONDS = 600.0
BUSY = frozenset({429, 502, 503, 504})

# The code of the live service for a request that did not get through.
CLIENT_ERROR = "batch_client_error"


class OpenAICompatible:
    """Sends the body of each request to the same endpoint of another server."""

    endpoints: frozenset[str] | None = None

    def __init__(self, url: str, concurrency: int) -> None:
        base = url.rstrip("/")
        # An endpoint begins with /v1 already; only a bare host lacks what it stands for.
        self._base = base if urlsplit(base).path else f"{base}/v1"
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=10),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            trust_env=False,
        )

    async def answer(self, question: Question) -> Answer | RowError:
        """What the other server says; a request it was too busy for, or that did not get there, is repeated."""
        content = _json.dumps(question.body)
        url = self._base + question.endpoint.removeprefix("/v1")
        trouble = RowError("", "")
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                reply = await self._http.post(url, content=content, headers={"Content-Type": "application/json"})
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                trouble = RowError(f"the backend could not be asked: {type(error).__name__}", CLIENT_ERROR)
                continue
            trouble = _row_error(reply.status_code, reply.content)
            if reply.is_success:
                value = _value(reply.content)
                return Answer(value) if value else RowError("the backend's answer is not a JSON object", CLIENT_ERROR)
            if reply.status_code not in BUSY:
                break
        return trouble

    async def aclose(self) -> None:
        """Ends the connections to the other server."""
        await self._http.aclose()


def _value(content: bytes) -> dict[str, Any]:
    try:
        value = _json.loads(content)
    except ValueError:
        return {}
    return value if _json.is_object(value) else {}


def _row_error(status: int, content: bytes) -> RowError:
    """The message and the code of an OpenAI-shaped error, or what the status alone says."""
    error = _value(content).get("error")
    fields: dict[str, Any] = error if _json.is_object(error) else {"message": error}
    message = fields.get("message") or f"the backend answered {status} {responses.get(status, '')}".rstrip()
    code = fields.get("code") or fields.get("type") or f"http_{status}"
    return RowError(str(message), str(code))
