"""A testee: a process that carries out one call a line, and is started anew when it does not come back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROTOCOL = 1
HELLO_SECONDS = 30.0
# What would lead a client away from the scripted server, or give it another key.
_NOT_PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "TOGETHER_API_KEY", "TOGETHER_BASE_URL", "NODE_OPTIONS")
# Far from UTC, and by no whole hour: who reads a time as local shows it.
_ODD_ZONE = {"TZ": "Asia/Kathmandu"}
_MAX_LINE_BYTES = 64 * 1024 * 1024


class TesteeError(Exception):
    """A testee ended, said nothing in time, or said what is not in the protocol."""


@dataclass(frozen=True)
class Entry:
    """One of `testees.toml`: how it is started, which file shows that it is installed, whether it is judged."""

    name: str
    command: tuple[str, ...]
    needs: str | None = None
    judged: bool = True
    title: str = ""

    def missing(self) -> str | None:
        """Why it cannot be started, or None."""
        if self.needs is not None and not (ROOT / self.needs).exists():
            return f"{self.needs} is not there: see what scripts/parity-install {self.name} says"
        if shutil.which(self.command[0]) is None and not (ROOT / self.command[0]).exists():
            return f"no {self.command[0]} on PATH"
        return None


def entries(path: Path = HERE / "testees.toml") -> list[Entry]:
    """The testees that are known."""
    tables: dict[str, dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))
    return [
        Entry(
            name,
            tuple(sys.executable if word == "{python}" else word for word in table["command"]),
            table.get("needs"),
            table["judged"],
            table.get("title", name),
        )
        for name, table in tables.items()
    ]


@dataclass
class Testee:
    """A running testee; `ask` starts it when it does not run."""

    entry: Entry
    environment: dict[str, str] = field(default_factory=dict)
    version: str = "?"
    operations: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._errors: asyncio.Task[bytes] | None = None

    async def start(self) -> None:
        """Starts it, if need be, and hears what it can do. Raises TesteeError."""
        if self._process is not None:
            return
        banned = {*_NOT_PASSED_ON, *(name.lower() for name in _NOT_PASSED_ON)}
        inherited = {name: value for name, value in os.environ.items() if name not in banned}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.entry.command,
                cwd=ROOT,
                env=inherited | _ODD_ZONE | self.environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_MAX_LINE_BYTES,
            )
        except OSError as error:
            raise TesteeError(f"cannot be started: {error}") from error
        assert self._process.stderr is not None
        self._errors = asyncio.ensure_future(self._process.stderr.read())
        hello = await self._exchange({"hello": {"protocol": PROTOCOL}}, HELLO_SECONDS)
        if not isinstance(hello.get("operations"), list):
            raise TesteeError(f"its hello names no operations: {hello}")
        self.version = str(hello.get("version", "?"))
        self.operations = frozenset(hello["operations"])
        self.features = frozenset(hello.get("features", ()))

    async def ask(self, call: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a call. Raises TesteeError."""
        await self.start()
        answer = await self._exchange(call, seconds)
        if answer.get("id") != call["id"] or ("value" in answer) == ("error" in answer):
            await self.stop()
            raise TesteeError(f"an answer outside the protocol: {str(answer)[:200]}")
        return answer

    async def stop(self) -> None:
        """Ends it: by the end of its input, or else by force."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._errors is not None:
            self._errors.cancel()
            await asyncio.gather(self._errors, return_exceptions=True)

    async def _exchange(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()
            line = await asyncio.wait_for(process.stdout.readline(), seconds)
        except TimeoutError:
            await self._kill()
            raise TesteeError(f"no answer within {seconds:g} s") from None
        except OSError:
            line = b""
        if not line:
            raise TesteeError(f"it ended: {await self._last_words()}")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            await self._kill()
            raise TesteeError(f"a line that is not a JSON object: {line[:200]!r}")
        return answer

    async def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self.stop()

    async def _last_words(self) -> str:
        words = b""
        if self._errors is not None:
            with suppress(TimeoutError):
                words = await asyncio.wait_for(asyncio.shield(self._errors), 2.0)
        await self.stop()
        lines = words.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"
