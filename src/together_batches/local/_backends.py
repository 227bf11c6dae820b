"""Who answers the requests of a job: the echo of this machine, or any server that speaks OpenAI's protocol."""

from __future__ import annotations

from urllib.parse import urlsplit

from ._backend import Backend


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
    from ._upstream import OpenAICompatible

    return OpenAICompatible(name, concurrency)
