"""What a backend is: it is asked a question, and answers it or says why not."""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
AUDIO = frozenset({"/v1/audio/transcriptions", "/v1/audio/translations"})


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
