"""A server that behaves like the service's Files and Batches API, on this machine alone.

    from together_batches import local

    with local.serve() as server:
        print(server.base_url, server.api_key)

It shares no code with the client. What it needs (the extra `local`) is loaded when a name below is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._server import Server, serve

__all__ = ["Server", "serve"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from . import _server

        value = globals()[name] = getattr(_server, name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
