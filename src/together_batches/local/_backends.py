"""Who answers the requests of a job: the echo of this machine, or any server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
from http.client import responses
from typing import Any, Protocol
from urllib.parse import urlsplit

from attrs import frozen

from . import _json

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
AUDIO = frozenset({"/v1/audio/transcriptions", "/v1/audio/translations"})

# How often a request is tried at a backend that cannot be reached or is busy, and how long it may stay silent.
TRIES = 4
FIRST_PAUSE_SECONDS = 0.25
SILENCE_SECONDS = 600.0
BUSY = frozenset({429, 502, 503, 504})

# The code of the live service for a request that did not get through.
CLIENT_ERROR = "batch_client_error"


@frozen
class Question:
    """One request of a job."""

    id: str
    endpoint: str
    body: dict[str, Any]
    created: int
    """When the job was created, in Unix seconds."""


@frozen
class Answer:
    """What the output file holds of a request."""

    body: dict[str, Any]


@frozen
class RowError:
    """What the error file holds of a request."""

    message: str
    code: str


class Backend(Protocol):
    """Answers one request after another, several at a time."""

    endpoints: frozenset[str] | None
    """The endpoints it knows; None when only it can tell."""

    async def answer(self, question: Question) -> Answer | RowError:
        """The answer, or why there is none; never an exception."""
        ...

    async def aclose(self) -> None:
        """Ends its connections."""
        ...


def check_backend(name: str) -> None:
    """Raises ValueError unless `name` is `echo` or the URL of a server."""
    if name == "echo":
        return
    try:
        parts = urlsplit(name)
        usable = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("backend must be 'echo' or a URL such as http://127.0.0.1:11434/v1")


def make_backend(name: str, concurrency: int) -> Backend:
    """The backend of that name, with at most `concurrency` requests in flight."""
    if name == "echo":
        from ._echo import Echo

        return Echo()
    return OpenAICompatible(name, concurrency)


class OpenAICompatible:
    """Sends the body of each request to the same endpoint of another server."""

    endpoints: frozenset[str] | None = None

    def __init__(self, url: str, concurrency: int) -> None:
        import httpx

        base = url.rstrip("/")
        # An endpoint begins with /v1 already; only a bare host lacks what it stands for.
        self._base = base if urlsplit(base).path else f"{base}/v1"
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=10),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            trust_env=False,
        )
        self._failures = (httpx.HTTPError, httpx.InvalidURL)

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
            except self._failures as error:
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
