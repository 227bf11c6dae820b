"""The bytes on disk. They come in under a name of no meaning and get their own when they are whole.

Every name is made here, from ids that the server itself has made: nothing from the wire becomes a part of a path.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import AsyncIterable, Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from attrs import frozen

CHUNK_BYTES = 1024 * 1024
# How long an upload may take before its traces are removed.
STALE_SECONDS = 24 * 3600

_ID = re.compile(r"[0-9a-z-]{1,64}")


@frozen
class Arrived:
    """What came in."""

    size: int
    sha256: str
    lines: int


class Incoming:
    """A file that grows under a temporary name."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = self._breaks = 0
        self._last = b"\n"

    def write(self, data: bytes) -> None:
        """Appends."""
        if data:
            self._file.write(data)
            self._hash.update(data)
            self._size += len(data)
            self._breaks += data.count(b"\n")
            self._last = data[-1:]

    def arrived(self) -> Arrived:
        """What has come until now; a last line need not be ended."""
        return Arrived(self._size, self._hash.hexdigest(), self._breaks + (self._last != b"\n"))


class Folder:
    """The data folder: `files/`, `parts/` of uploads, `jobs/` that are running, `incoming/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("files", "parts", "jobs", "incoming"):
            (path / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def file(self, file_id: str) -> Path:
        """Where the bytes of a file are."""
        return self.path / "files" / _checked(file_id)

    def part(self, upload_id: str, number: int) -> Path:
        """Where the bytes of a part are."""
        return self.path / "parts" / f"{_checked(upload_id)}.{number:d}"

    def rows(self, job_id: str, kind: str) -> Path:
        """Where the answers (`output`) or refusals (`errors`) of a running job are collected."""
        return self.path / "jobs" / f"{_checked(job_id)}.{_checked(kind)}"

    def remove_rows(self, job_id: str) -> None:
        """Removes what was collected for a job."""
        for path in (self.path / "jobs").glob(f"{_checked(job_id)}.*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def incoming(self, target: Path) -> Generator[Incoming]:
        """A file that becomes `target` at the end of the block, unless that is left by an exception."""
        with NamedTemporaryFile(dir=self.path / "incoming", delete=False) as file:
            try:
                yield Incoming(file)
                file.flush()
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise

    async def receive(
        self, chunks: AsyncIterable[bytes], target: Path, still_wanted: Callable[[], object] = lambda: None
    ) -> Arrived:
        """Keeps a stream as `target`; not if `still_wanted`, which is called at its end, raises."""
        with self.incoming(target) as incoming:
            async for chunk in chunks:
                incoming.write(chunk)
            still_wanted()
            return incoming.arrived()

    def join(self, sources: Iterable[Path], target: Path) -> Arrived:
        """Keeps the bytes of several files, one after another, as `target`."""
        with self.incoming(target) as incoming:
            for source in sources:
                with source.open("rb") as file:
                    while chunk := file.read(CHUNK_BYTES):
                        incoming.write(chunk)
            return incoming.arrived()

    def sweep(self, jobs: Collection[str]) -> None:
        """Removes what a process that died has left in `incoming/`, and the rows of all but the given jobs."""
        for path in (self.path / "jobs").iterdir():
            if path.stem not in jobs:
                path.unlink(missing_ok=True)
        stale = time.time() - STALE_SECONDS
        for path in (self.path / "incoming").iterdir():
            if path.stat().st_mtime < stale:
                path.unlink(missing_ok=True)


def _checked(name: str) -> str:
    if not _ID.fullmatch(name):
        raise ValueError("not a name that this server makes")
    return name
