"""A local file on its way out: its name, its size, its bytes at any offset, and whether it stood still meanwhile."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeAlias, TypeVar, cast

from attrs import frozen

from ._errors import InvalidArgumentError, UploadError

if TYPE_CHECKING:
    from typing_extensions import Buffer

FileInput: TypeAlias = str | os.PathLike[str] | IO[bytes]
Piece = TypeVar("Piece", bytes, memoryview)
Progress: TypeAlias = Callable[[int, int], object]

# One read, one write to the socket: larger saves nothing, smaller costs CPU.
CHUNK_BYTES = 512 * 1024
# One read of what is looked at line by line: it stays in the processor's cache until it was.
READ_BYTES = 128 * 1024
# What is read at a time for a hash, in a thread that costs 0.04 ms to hand it over.
HASH_BYTES = 1024 * 1024


class Meter:
    """Bytes done of bytes to do, told to a callback from whichever thread did them."""

    def __init__(self, total: int, callback: Progress | None) -> None:
        self.total = total
        self.done = 0
        self.stopped = False
        self._callback = callback
        self._lock = threading.Lock()
        self._by_offset: dict[int, int] = {}

    def stop(self) -> None:
        """Makes every slice that is counted here stop at its next chunk, in whichever thread."""
        self.stopped = True

    def count(self, offset: int, done: int) -> None:
        """Of the slice at `offset`, `done` bytes are done: less than before when it is sent again."""
        if self._callback is None:
            return
        with self._lock:
            change = done - self._by_offset.get(offset, 0)
            if change:
                self._by_offset[offset] = done
                self.done += change
                self._callback(self.done, self.total)


class Source:
    """A file of `size` bytes under the base name `name` that can be read from several threads."""

    def __init__(self, file: IO[bytes], name: str, *, start: int = 0) -> None:
        self.name = name
        self._file = file
        self._start = start
        self._lock = threading.Lock()
        self._fd = _descriptor(file)
        self._stamp = self._stat()
        self.size = (self._stamp[0] if self._stamp else file.seek(0, os.SEEK_END)) - start

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from `offset`, at most `size`. Raises UploadError when the file ends too early."""
        position = self._start + offset
        if self._fd is not None:
            data = os.pread(self._fd, size, position)
        else:
            with self._lock:
                self._file.seek(position)
                data = self._file.read(size)
        if not data:
            raise self._shorter()
        return data

    def read_into(self, view: memoryview, offset: int) -> int:
        """Fills `view`, or its beginning, with the bytes from `offset`; how many there were. Raises as `read` does."""
        if self._fd is None or not hasattr(os, "preadv"):
            data = self.read(offset, len(view))
            view[: len(data)] = data
            return len(data)
        done = os.preadv(self._fd, [view], self._start + offset)
        if not done:
            raise self._shorter()
        return done

    def _shorter(self) -> UploadError:
        return UploadError(f"{self.name} became shorter while it was sent; upload it again when it stands still")

    def reader(self) -> io.BufferedReader:
        """A buffered file over all of it, with a position of its own."""
        return io.BufferedReader(_Reader(self), READ_BYTES)

    def sha256(self) -> str:
        """The SHA-256 of all of it, in hex."""
        from concurrent.futures import Future, ThreadPoolExecutor

        digest = hashlib.sha256()
        buffers = [memoryview(bytearray(HASH_BYTES)), memoryview(bytearray(HASH_BYTES))]
        position = 0
        # A piece is read while the one before is hashed, which takes a sixth less time than one after the other.
        with ThreadPoolExecutor(1) as reader:

            def ahead(buffer: memoryview) -> Future[int]:
                return reader.submit(self.read_into, buffer[: self.size - position], position)

            reading = ahead(buffers[0])
            while position < self.size:
                done = buffers[0][: reading.result()]
                position += len(done)
                buffers.reverse()
                if position < self.size:
                    reading = ahead(buffers[0])
                digest.update(done)
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Raises UploadError when the file was written to since it was opened."""
        if self._stamp != self._stat():
            raise UploadError(f"{self.name} changed while it was sent; upload it again when it stands still")

    def _stat(self) -> tuple[int, int] | None:
        if self._fd is None:
            return None
        status = os.fstat(self._fd)
        return status.st_size, status.st_mtime_ns


class _Reader(io.RawIOBase):
    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        size = min(len(view), self._source.size - self._position)
        done = self._source.read_into(view[:size], self._position) if size else 0
        self._position += done
        return done


@frozen
class Slice:
    """`size` bytes of a source from `offset`; iterating reads them afresh each time, in chunks, and counts them."""

    source: Source
    offset: int
    size: int
    meter: Meter

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces(self.source.read)

    def views(self) -> Iterator[memoryview]:
        """The same over one buffer, a quarter faster: each is good only until the next is asked for."""
        buffer = memoryview(bytearray(min(CHUNK_BYTES, self.size)))

        def read(offset: int, size: int) -> memoryview:
            return buffer[: self.source.read_into(buffer[:size], offset)]

        return self._pieces(read)

    def _pieces(self, read: Callable[[int, int], Piece]) -> Iterator[Piece]:
        sent = 0
        self.meter.count(self.offset, 0)
        try:
            while sent < self.size:
                if self.meter.stopped:
                    raise UploadError("stopped, since another part could not be sent")
                data = read(self.offset + sent, min(CHUNK_BYTES, self.size - sent))
                sent += len(data)
                yield data
                self.meter.count(self.offset, sent)
        except BaseException:
            self.meter.count(self.offset, 0)
            raise


@contextmanager
def open_source(
    file: FileInput | Source, filename: str | None = None, *, nameless: str | None = None
) -> Generator[Source]:
    """Opens a path, or wraps a binary file object from its current position, where it leaves it.

    A source stays with who opened it. `nameless` is what a file object is called that has no name.

    Raises InvalidArgumentError when there is no readable regular file, or nothing in it.
    """
    if isinstance(file, Source):
        yield file
        return
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        with open_regular(path) as opened:
            source = Source(opened, _base_name(filename or path))
            if source.size == 0:
                raise InvalidArgumentError(f"{path} is empty: there is nothing to upload")
            yield source
        return
    _check_readable(file)
    name = filename or getattr(file, "name", nameless)
    name = nameless if nameless and not isinstance(name, str) else name
    if not isinstance(name, str):
        raise InvalidArgumentError("this file object has no name: give filename='requests.jsonl'")
    with _seekable(file) as (seekable, start):
        source = Source(seekable, _base_name(name), start=start)
        if source.size <= 0:
            raise InvalidArgumentError("the file object is empty, or at its end already: there is nothing to upload")
        yield source


def _check_readable(file: IO[bytes]) -> None:
    try:
        # Not every text file is an io.TextIOBase, but each reads text.
        readable = isinstance(file.read(0), bytes)
    except (AttributeError, TypeError):
        readable = False
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(f"the file object cannot be read: {error}") from error
    if not readable:
        raise InvalidArgumentError("file must be a path or a file object opened in binary mode ('rb')")


def open_regular(path: str) -> IO[bytes]:
    """Opens a regular file for reading, unbuffered. Raises InvalidArgumentError that says what is there instead."""
    try:
        # A fifo would block here until somebody writes: look before opening.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            raise InvalidArgumentError(f"{path} is {kind}: give the path of a file")
        return open(path, "rb", buffering=0)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgumentError(f"cannot read {path!r}: {reason}") from error


@contextmanager
def _seekable(file: IO[bytes]) -> Generator[tuple[IO[bytes], int]]:
    if file.seekable():
        start = file.tell()
        try:
            yield file, start
        finally:
            file.seek(start)
        return
    # A pipe cannot be sent twice, and a lost answer would need that.
    with tempfile.TemporaryFile() as spool:
        while data := file.read(CHUNK_BYTES):
            spool.write(data)
        yield cast("IO[bytes]", spool), 0


def _descriptor(file: IO[bytes]) -> int | None:
    """The descriptor behind a file, where bytes on disk are what reading the object gives."""
    raw = getattr(file, "raw", file)
    if not isinstance(raw, io.FileIO):
        return None
    fd = raw.fileno()
    if file.writable():
        file.flush()
    return fd if stat.S_ISREG(os.fstat(fd).st_mode) else None


def _base_name(path: str) -> str:
    name = os.path.basename(path.replace("\\", "/"))
    if not name or name in {".", ".."} or not name.isprintable():
        raise InvalidArgumentError(f"{path!r} is not usable as a file name: give filename='requests.jsonl'")
    return name
