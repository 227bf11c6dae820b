"""A local file on its way in: under no name until it is whole, then under its own at once.

Where the system can (Linux), the file has no name at all while it grows, so that nothing is left behind even when
the process is killed.
Elsewhere it grows beside its target under a locked name, and a later run removes what no living process holds.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from ._errors import DownloadError, InvalidArgumentError
from ._source import READ_BYTES, Meter

# One write. Those who make lines make a chunk about as large: gathering it with the next would copy it to fresh pages.
WRITE_BYTES = 64 * 1024


class Spool:
    """An unnamed temporary file, gone when it is closed or the process ends."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        # Unbuffered: the chunks of the network are large already.
        self.file = file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by close())
        self.size = 0
        self.meter = Meter(0, None)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self.file.write(view) :]
        except OSError as error:
            raise DownloadError(f"cannot store the download: {error.strerror}; make room and try again") from error
        self.size += len(data)
        self.meter.count(0, self.size)

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.size = 0
        self.meter.count(0, 0)

    def start(self, size: int) -> bytes:
        """The first bytes that were written, at most `size`."""
        self.file.seek(0)
        data = self.file.read(size)
        self.file.seek(0, os.SEEK_END)
        return data

    def lines(self) -> Iterator[bytes]:
        """The lines that were written, each with its end."""
        self.file.seek(0)
        reader = io.BufferedReader(cast("io.RawIOBase", self.file), READ_BYTES)
        try:
            # Not `yield from`: that would close the file when the lines are left half way.
            for line in reader:  # noqa: UP028 (for the same reason)
                yield line
        finally:
            reader.detach()

    def line_at(self, offset: int, likely: int = READ_BYTES) -> bytes:
        """The line that begins at `offset`, with its end; `likely` is how many bytes are read at first."""
        fd = self.file.fileno()
        line = os.pread(fd, likely, offset)
        while not (end := line.find(b"\n") + 1) and (more := os.pread(fd, len(line), offset + len(line))):
            line += more
        return line[:end] if end else line

    def write_all(self, lines: Iterable[bytes]) -> None:
        """Appends lines, gathered into large writes."""
        gathered: list[bytes] = []
        size = 0
        for line in lines:
            gathered.append(line)
            size += len(line)
            if size >= WRITE_BYTES:
                self.write(b"".join(gathered))
                gathered.clear()
                size = 0
        self.write(b"".join(gathered))

    def close(self) -> None:
        self.file.close()


class Target(Spool):
    """A file that appears at `path`, whole, when `commit` is called, and never before; close it in any case."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_file():
            kind = "a directory" if self.path.is_dir() else "not a regular file"
            raise InvalidArgumentError(f"{self.path} is {kind}: give the path of a file")
        # What a link points to is replaced, not the link.
        self._place = self.path.resolve() if self.path.is_symlink() else self.path
        _remove_stale(self._place)
        self._temporary: Path | None = None
        try:
            super().__init__(self._open())
        except OSError as error:
            raise InvalidArgumentError(f"cannot write to {self.path.parent}: {error.strerror}") from error

    def _open(self) -> IO[bytes]:
        try:
            file = os.fdopen(os.open(self._place.parent, os.O_TMPFILE | os.O_RDWR, 0o666), "w+b", buffering=0)
        except (AttributeError, OSError):  # not Linux, or a file system without unnamed files
            self._temporary = self._name()
            file = open(self._temporary, "x+b", buffering=0)  # noqa: SIM115 (closed by close())
        _lock(file)
        return file

    def _name(self) -> Path:
        return self._place.with_name(f"{_prefix(self._place)}{secrets.token_hex(4)}.part")

    def commit(self) -> Path:
        """Gives the file its name, replacing what had it."""
        try:
            if self._temporary is None:
                # A file without a name can be given a new one, not replace another: hence two steps.
                self._temporary = self._name()
                directory = os.open(self._place.parent, os.O_RDONLY)
                try:
                    os.link(f"/proc/self/fd/{self.file.fileno()}", self._temporary.name, dst_dir_fd=directory)
                finally:
                    os.close(directory)
            os.replace(self._temporary, self._place)
        except OSError as error:
            raise DownloadError(f"cannot put the download at {self.path}: {error.strerror}") from error
        self._temporary = None
        return self.path

    def close(self) -> None:
        super().close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()


def _lock(file: IO[bytes]) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EWOULDBLOCK, errno.EACCES}
    return True


def _prefix(path: Path) -> str:
    """How the temporary names of a target begin; short enough for the rest, in bytes, which is what systems limit."""
    return "." + path.name.encode("utf-8", "surrogateescape")[:200].decode("utf-8", "ignore") + "."


def _remove_stale(path: Path) -> None:
    """Removes what a killed run left beside `path`; what a living process still holds is locked, and stays."""
    names = re.compile(re.escape(_prefix(path)) + r"[0-9a-f]{8}\.part")
    with suppress(OSError):
        for entry in path.parent.iterdir():
            if names.fullmatch(entry.name):
                with suppress(OSError), entry.open("rb") as file:
                    if _lock(file):
                        entry.unlink()
