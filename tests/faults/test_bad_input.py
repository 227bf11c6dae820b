"""A file that cannot be sent is refused with a clear error, before the server sees a request."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from faults.server import FaultServer
from faults.stage import COLOURS, lines, play
from together_batches import FileCheckError, InvalidArgumentError, TogetherError

MEBIBYTE = 1024 * 1024


def _line(custom_id: str, **body: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "body": {"model": "m", **body}}).encode()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _holding(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 200 * MEBIBYTE)


def _repeated(path: Path) -> None:
    rows = [_line(f"r{number}") for number in range(1, 50_000)]
    path.write_bytes(b"\n".join([*rows, rows[0], b""]))


def _too_many(path: Path) -> None:
    path.write_bytes(b"".join(_line(f"r{number}") + b"\n" for number in range(50_001)))


def _too_large(path: Path) -> None:
    with path.open("wb") as file:
        for number in range(11):
            file.write(_line(f"r{number}", text="x" * (MEBIBYTE * 96 // 10)) + b"\n")


GOOD = lines(3)
# Each kind of bad file: how it is made, its name, the error, what it says, and the line it tells.
BAD: dict[str, tuple[Callable[[Path], object], str, type[TogetherError], str, int | None]] = {
    "a directory": (Path.mkdir, "in.jsonl", InvalidArgumentError, "is a directory", None),
    "a fifo": (_fifo, "in.jsonl", InvalidArgumentError, "not a regular file", None),
    "a socket": (_socket, "in.jsonl", InvalidArgumentError, "not a regular file", None),
    "missing": (lambda path: None, "in.jsonl", InvalidArgumentError, "No such file", None),
    "a link to itself": (_loop, "in.jsonl", InvalidArgumentError, "cannot read", None),
    "a name that is too long": (lambda path: None, "n" * 300 + ".jsonl", InvalidArgumentError, "cannot read", None),
    "a name with a NUL": (lambda path: None, "n\0.jsonl", InvalidArgumentError, "cannot read", None),
    "empty": (_holding(b""), "in.jsonl", InvalidArgumentError, "is empty", None),
    "a wrong suffix": (_holding(GOOD), "in.txt", InvalidArgumentError, r"\.jsonl", None),
    "no suffix": (_holding(GOOD), "in", InvalidArgumentError, r"\.jsonl", None),
    "a BOM": (_holding(b"\xef\xbb\xbf" + GOOD), "in.jsonl", FileCheckError, "byte order mark", 1),
    "CRLF": (_holding(GOOD.replace(b"\n", b"\r\n")), "in.jsonl", FileCheckError, "CRLF", 1),
    "UTF-16": (_holding(GOOD.decode().encode("utf-16")), "in.jsonl", FileCheckError, "NUL|UTF-8", 1),
    "not UTF-8": (
        _holding(GOOD + b'{"custom_id":"\xff","body":{"model":"m"}}\n'), "in.jsonl", FileCheckError, "UTF-8", 4,
    ),
    "not UTF-8 in the body": (
        _holding(GOOD + b'{"custom_id":"a","body":{"model":"m","x":"\xff"}}\n'), "in.jsonl", FileCheckError, "UTF-8", 4,
    ),
    "a NUL": (_holding(GOOD + b'{"custom_id":"\0","body":{"model":"m"}}\n'), "in.jsonl", FileCheckError, "NUL", 4),
    "only NULs": (_holding(bytes(4096)), "in.jsonl", FileCheckError, "NUL", 1),
    "a single line of 200 MB": (_sparse, "in.jsonl", FileCheckError, "longer than", 1),
    "a custom_id on lines 1 and 50,000": (_repeated, "in.jsonl", FileCheckError, "that of line 1", 50_000),
    "50,001 lines": (_too_many, "in.jsonl", FileCheckError, "50,001 requests; .*50,000", None),
    "over 100 MB": (_too_large, "in.jsonl", FileCheckError, "104,857,600", None),
    "a blank line": (_holding(GOOD + b"\n" + GOOD.replace(b"r", b"s")), "in.jsonl", FileCheckError, "blank", 4),
    "no JSON": (_holding(b"hello\n"), "in.jsonl", FileCheckError, "not JSON", 1),
    "an array": (_holding(b"[]\n"), "in.jsonl", FileCheckError, "not a JSON object", 1),
    "deep nesting": (_holding(b"[" * 100_000 + b"\n"), "in.jsonl", FileCheckError, "nested|JSON", 1),
    "no custom_id": (_holding(b'{"body":{"model":"m"}}\n'), "in.jsonl", FileCheckError, "custom_id", 1),
    "a custom_id of 65 characters": (_holding(_line("x" * 65)), "in.jsonl", FileCheckError, "64", 1),
    "no model": (_holding(b'{"custom_id":"a","body":{}}\n'), "in.jsonl", FileCheckError, "model", 1),
    "no body": (_holding(b'{"custom_id":"a"}\n'), "in.jsonl", FileCheckError, "body", 1),
}  # fmt: skip


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Each kind of file, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("bad")

    def make(kind: str) -> Path:
        home = folder / kind.replace(" ", "-")
        path = home / BAD[kind][1]
        if not home.exists():
            home.mkdir()
            # The name of a socket may have a hundred characters and no more.
            here = Path.cwd()
            os.chdir(home)
            try:
                BAD[kind][0](Path(BAD[kind][1]))
            finally:
                os.chdir(here)
        return path

    return make


# Those that take a second to read are read once in each colour.
LARGE = ("a single line of 200 MB", "a custom_id on lines 1 and 50,000", "50,001 lines", "over 100 MB")
CALLS = [(kind, call) for kind in BAD for call in ("upload", "submit", "run") if call == "upload" or kind not in LARGE]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("kind", "call"), CALLS)
def test_a_bad_file_is_refused_before_anything_is_sent(
    kind: str, colour: str, call: str, server: FaultServer, made: Callable[[str], Path], tmp_path: Path
) -> None:
    """The error says what is wrong, and where, and the server saw nothing."""
    _, _, error_class, says, line = BAD[kind]
    path = made(kind)
    calls: dict[str, Callable[[Any], Any]] = {
        "upload": lambda client: client.files.upload(path),
        "submit": lambda client: client.batches.submit(path),
        "run": lambda client: client.batches.run(path, output=tmp_path / "out.jsonl"),
    }
    with pytest.raises(error_class, match=says) as caught:
        play(colour, server, calls[call])
    assert error_class is type(caught.value)
    if isinstance(caught.value, FileCheckError):
        assert line == caught.value.line
    assert [] == server.world.requests
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("colour", COLOURS)
def test_an_unreadable_file_is_refused(colour: str, server: FaultServer, tmp_path: Path) -> None:
    """The error says that it may not be read."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(GOOD)
    path.chmod(0)
    with _without_privileges(), pytest.raises(InvalidArgumentError, match="Permission denied"):
        play(colour, server, lambda client: client.files.upload(path))
    assert [] == server.world.requests


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Not root, for whom every file can be read."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (io.BytesIO(b""), "no name"),
        (io.StringIO("text"), "binary"),
        (7, "path"),
        (None, "path"),
        (b"in.jsonl", "path|cannot"),
        ("", "cannot read|not usable"),
    ],
    ids=["an empty stream without a name", "text", "a number", "None", "bytes", "no name"],
)
def test_what_is_no_file_is_refused(file: Any, says: str, server: FaultServer) -> None:
    """The error says what to give instead."""
    with pytest.raises(InvalidArgumentError, match=says):
        play("blocking", server, lambda client: client.files.upload(file))
    assert [] == server.world.requests


def test_a_large_line_takes_little_memory(made: Callable[[str], Path], server: FaultServer) -> None:
    """A line of 200 MB is refused in less than 40 MB."""
    path = made("a single line of 200 MB")
    tracemalloc.start()
    try:
        with pytest.raises(FileCheckError):
            play("blocking", server, lambda client: client.files.upload(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * MEBIBYTE


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("id", ["", ".", "..", None, 7])
def test_an_id_that_is_none_is_refused(id: Any, colour: str, server: FaultServer) -> None:
    """Nothing is sent to the path that such an id would make."""
    with pytest.raises(InvalidArgumentError):
        play(colour, server, lambda client: client.batches.get_batch(id))
    with pytest.raises(InvalidArgumentError):
        play(colour, server, lambda client: client.files.delete(id))
    assert [] == server.world.requests


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("id", ["../batches/x", "a/b", "a?b=c", "a#b", "ü", "a b", "%2e%2e"])
def test_an_id_cannot_leave_its_path(id: str, colour: str, server: FaultServer) -> None:
    """It is escaped: one segment, whatever it holds."""
    with pytest.raises(TogetherError):
        play(colour, server, lambda client: client.files.delete(id))
    (request,) = server.world.requests
    assert ("delete_file", (id,)) == (request.route, request.arguments)
