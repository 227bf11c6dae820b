"""Who is measured: each contender's name, the environment it runs in, its file, and what kind of thing it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["ours", "peer", "floor"]


@dataclass(frozen=True)
class Contender:
    """Something that is measured. `package` is the distribution whose version is told; `given` goes to its tasks."""

    name: str
    kind: Kind
    environment: str
    program: str
    package: str | None = None
    given: dict[str, str] = field(default_factory=dict)


_ALL = (
    Contender("ours", "ours", "ours", "ours.py", "together-batches"),
    Contender("together-1", "peer", "together-1", "together_1.py", "together"),
    Contender("together-3", "peer", "together-3", "together_3.py", "together"),
    Contender("openai-3", "peer", "openai-3", "openai_3.py", "openai"),
    Contender("httpx", "floor", "ours", "bare_httpx.py", "httpx"),
    Contender("aiohttp", "floor", "floor", "bare_aiohttp.py", "aiohttp"),
    Contender("http.client", "floor", "floor", "http_client.py"),
    Contender("socket", "floor", "floor", "raw_socket.py"),
    Contender("curl", "floor", "floor", "curl.py"),
    Contender("orjson", "floor", "floor", "json_library.py", "orjson", {"library": "orjson"}),
    Contender("msgspec", "floor", "floor", "json_library.py", "msgspec", {"library": "msgspec"}),
    Contender("json", "floor", "floor", "json_library.py", None, {"library": "json"}),
    Contender("python", "floor", "ours", ""),
)
CONTENDERS = {contender.name: contender for contender in _ALL}
