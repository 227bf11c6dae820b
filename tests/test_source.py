"""Files on their way out: what may be sent, and what happens when it moves."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import InvalidArgumentError, UploadError, _source
from together_batches._source import Meter, Slice, Source, open_regular, open_source

DATA = bytes(range(256)) * 10


def everything(source: Source) -> bytes:
    return b"".join(Slice(source, 0, source.size, Meter(source.size, None)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_opened_and_closed(path: Path, kind: Callable[[Path], Any]) -> None:
    """Its base name, its size and its bytes; afterwards nothing is open."""
    open_files = len(os.listdir("/proc/self/fd"))
    with open_source(kind(path)) as source:
        assert ("requests.jsonl", len(DATA), DATA) == (source.name, source.size, everything(source))
    assert open_files == len(os.listdir("/proc/self/fd"))


def test_a_name_that_is_given_counts(path: Path) -> None:
    """`filename` takes the place of the real name, for paths and file objects."""
    for file in (path, io.BytesIO(DATA)):
        with open_source(file, "other.jsonl") as source:
            assert "other.jsonl" == source.name


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.jsonl", "a.jsonl"),
        ("/etc/a.jsonl", "a.jsonl"),
        ("../a.jsonl", "a.jsonl"),
        ("C:\\dir\\a.jsonl", "a.jsonl"),
        ("ü b.jsonl", "ü b.jsonl"),
    ],
)
def test_only_the_base_name_is_used(filename: str, expected: str) -> None:
    """Folders are nobody's business, with either kind of slash."""
    with open_source(io.BytesIO(DATA), filename) as source:
        assert expected == source.name


@pytest.mark.parametrize("filename", ["a/", "..", ".", "dir/..", "a\nb.jsonl", "a\0.jsonl", "\udcff.jsonl", "a\\"])
def test_a_name_that_is_none_is_refused(filename: str) -> None:
    """What cannot be sent as a name is said to be unusable."""
    with (
        pytest.raises(InvalidArgumentError, match="not usable as a file name"),
        open_source(io.BytesIO(DATA), filename),
    ):
        pass


def test_what_is_no_file_is_said_to_be_something_else(tmp_path: Path) -> None:
    """A folder, a fifo without a writer, a missing and an empty file are refused at once, and none blocks."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty.jsonl").touch()
    for name, words in (
        ("", "is a directory: give the path of a file"),
        ("fifo", "fifo is not a regular file: give the path of a file"),
        ("missing.jsonl", "cannot read .*missing.jsonl': No such file or directory"),
        ("missing/a.jsonl", "No such file or directory"),
        ("fifo/a.jsonl", "Not a directory"),
        ("a\0b", "cannot read .*: .*embedded null"),
        ("empty.jsonl", "empty.jsonl is empty: there is nothing to upload"),
    ):
        with pytest.raises(InvalidArgumentError, match=words), open_source(os.path.join(tmp_path, name)):
            pass
    with pytest.raises(InvalidArgumentError, match="is not a regular file"):
        open_regular("/dev/null")


def test_a_file_that_may_not_be_read_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own reason is told."""

    def forbidden(*args: Any, **kwargs: Any) -> IO[bytes]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(_source, "open", forbidden, raising=False)
    with pytest.raises(InvalidArgumentError, match=r"requests\.jsonl': Permission denied") as caught, open_source(path):
        pass
    assert isinstance(caught.value.__cause__, PermissionError)


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    """A symbolic link is sent under its own name, with the bytes of what it points to."""
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    with open_source(link) as source:
        assert ("link.jsonl", DATA) == (source.name, everything(source))


@pytest.mark.parametrize("start", [0, 1, 100, len(DATA) - 1])
@pytest.mark.parametrize("kind", ["buffered", "raw", "read and write", "memory", "wrapped", "temporary"])
def test_a_file_object_is_sent_from_where_it_stands(path: Path, kind: str, start: int) -> None:
    """Any binary file object will do; it is left open, and where it was, so that it can be sent again."""
    opened: dict[str, Callable[[], Any]] = {
        "buffered": lambda: path.open("rb"),
        "raw": lambda: path.open("rb", buffering=0),
        "read and write": lambda: path.open("r+b"),
        "memory": lambda: io.BytesIO(DATA),
        "wrapped": lambda: io.BufferedReader(io.BytesIO(DATA)),  # type: ignore[arg-type]  # raw enough
        "temporary": lambda: tempfile.NamedTemporaryFile(suffix=".jsonl"),  # noqa: SIM115 (closed below)
    }
    with opened[kind]() as file:
        if kind == "temporary":
            file.write(DATA)
        file.seek(start)
        for _ in range(2):
            with open_source(file, "a.jsonl") as source:
                assert len(DATA) - start == source.size
                assert DATA[start:] == everything(source) == source.reader().read()
                assert DATA[start + 5 : start + 8] == b"".join(
                    Slice(source, 5, min(3, max(0, source.size - 5)), Meter(0, None))
                )
            assert (False, start) == (file.closed, file.tell())


def test_what_was_written_and_not_flushed_is_sent(path: Path) -> None:
    """The bytes are those that reading the object would give."""
    with path.open("r+b") as file:
        file.write(b"new")
        file.seek(0)
        with open_source(file) as source:
            assert b"new" + DATA[3:] == everything(source)


def test_a_file_object_has_a_name(path: Path) -> None:
    """Its own, or the one that is given."""
    with path.open("rb") as file, open_source(file) as source:
        assert "requests.jsonl" == source.name
    for nameless in (io.BytesIO(DATA), os.fdopen(os.open(path, os.O_RDONLY), "rb")):
        with nameless, pytest.raises(InvalidArgumentError, match="no name: give filename="), open_source(nameless):
            pass


def test_a_pipe_is_kept_on_disk(tmp_path: Path) -> None:
    """What cannot be read twice is read once, to its end, and can then be sent as often as need be."""
    reading, writing = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(writing, DATA), os.close(writing)))
    with os.fdopen(reading, "rb") as pipe:
        writer.start()
        with open_source(pipe, "a.jsonl") as source:
            assert len(DATA) == source.size
            assert DATA == everything(source) == everything(source)
            source.check_unchanged()
        writer.join()
        assert not pipe.closed


@pytest.mark.parametrize("data", [b"", DATA])
def test_a_file_object_at_its_end_holds_nothing(data: bytes) -> None:
    """Nothing left is nothing to send."""
    file = io.BytesIO(data)
    for end in (len(data), len(data) + 5):
        file.seek(end)
        with pytest.raises(InvalidArgumentError, match="empty, or at its end already"), open_source(file, "a.jsonl"):
            pass


def test_what_is_no_binary_file_is_refused(path: Path) -> None:
    """Text files and other objects; the message says how to open a file."""
    with path.open("r") as text, tempfile.NamedTemporaryFile("w+", suffix=".jsonl") as temporary:
        temporary.write("text")
        temporary.seek(0)
        for file in (text, io.StringIO("x"), 5, None, b"bytes", ["a.jsonl"], temporary):
            wrong: Any = file
            with pytest.raises(InvalidArgumentError, match=r"binary mode \('rb'\)"), open_source(wrong, "a.jsonl"):
                pass


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_a_file_object_that_cannot_be_read_is_refused(tmp_path: Path, mode: str) -> None:
    """One that is for writing, and one that is closed."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(DATA)
    with path.open(mode) as file:
        file.write(DATA)
        file.seek(0)
        with pytest.raises(InvalidArgumentError), open_source(file):
            pass
    with path.open("rb") as file:
        pass
    with pytest.raises(InvalidArgumentError), open_source(file):
        pass


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"x", b""])
def test_a_file_that_changes_size_while_it_is_sent_is_found_out(path: Path, data: bytes) -> None:
    """Growing and shrinking alike; the file is not sent as something that it never was."""
    with open_source(path) as source:
        source.check_unchanged()
        path.write_bytes(data)
        with pytest.raises(UploadError, match=r"requests\.jsonl changed while it was sent; upload it again"):
            source.check_unchanged()


def test_a_file_that_is_rewritten_while_it_is_sent_is_found_out(path: Path) -> None:
    """The time of the last write tells what the size does not."""
    with open_source(path) as source:
        path.write_bytes(DATA[::-1])
        os.utime(path, ns=(0, 1))
        with pytest.raises(UploadError, match="changed while it was sent"):
            source.check_unchanged()


def test_a_file_that_is_cut_while_it_is_sent_is_found_out(path: Path) -> None:
    """Where bytes are missing, none are made up."""
    memory = io.BytesIO(DATA)
    for file, cut in ((path, lambda: os.truncate(path, 100)), (memory, lambda: memory.truncate(100))):
        with open_source(file, "a.jsonl") as source:
            cut()
            with pytest.raises(UploadError, match=r"a\.jsonl became shorter while it was sent"):
                everything(source)


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(path: Path, tmp_path: Path) -> None:
    """An editor that saves under a new name does no harm."""
    with open_source(path) as source:
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").replace(path)
        assert DATA == everything(source)
        source.check_unchanged()


@given(st.integers(0, 100), st.integers(1, 40), st.integers(0, 30))
def test_slices_of_any_size_make_up_the_whole(start: int, part: int, chunk: int) -> None:
    """Wherever the file is cut, the pieces are the file."""
    data = bytes(range(200))
    file = io.BytesIO(data)
    file.seek(start)
    with pytest.MonkeyPatch.context() as patch, open_source(file, "a.jsonl") as source:
        patch.setattr(_source, "CHUNK_BYTES", chunk + 1)
        offsets = range(0, source.size, part)
        pieces = [b"".join(Slice(source, at, min(part, source.size - at), Meter(0, None))) for at in offsets]
    assert data[start:] == b"".join(pieces)


def counted(source: Source) -> tuple[Slice, list[int]]:
    """All of a source, and a list that grows with each call of its progress callback."""
    told: list[int] = []

    def on_progress(done: int, total: int) -> None:
        assert source.size == total
        told.append(done)

    return Slice(source, 0, source.size, Meter(source.size, on_progress)), told


def test_progress_is_told_in_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each chunk, up to the size of the file."""
    monkeypatch.setattr(_source, "CHUNK_BYTES", 1000)
    with open_source(path) as source:
        body, told = counted(source)
        assert 3 == len(list(body))
    assert [1000, 2000, 2560] == told


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_progress_is_taken_back_when_sending_is_broken_off(
    path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """However far it came, what has to be sent again is not counted, and nothing is counted below nothing."""
    monkeypatch.setattr(_source, "CHUNK_BYTES", 1000)
    with open_source(path) as source:
        body, told = counted(source)
        chunks = iter(body)
        for _ in range(taken):
            next(chunks)
        chunks.close()  # type: ignore[attr-defined]  # it is a generator
        assert min([0, *told]) == 0
        list(body)
    assert (len(DATA), len(DATA)) == (told[-1], max(told))


def test_progress_of_what_is_sent_twice_counts_once(path: Path) -> None:
    """When all was sent and the answer was to send again, the count begins again and ends at the size."""
    with open_source(path) as source:
        body, told = counted(source)
        list(body)
        list(body)
    assert (len(DATA), len(DATA)) == (told[-1], max(told))


def test_slices_stop_when_another_failed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends before its next chunk, and what it counted is taken back."""
    monkeypatch.setattr(_source, "CHUNK_BYTES", 1000)
    with open_source(path) as source:
        body, told = counted(source)
        chunks = iter(body)
        next(chunks)
        body.meter.stop()
        with pytest.raises(UploadError, match="stopped, since another part could not be sent"):
            next(chunks)
    assert 0 == told[-1]


def test_a_checksum_is_that_of_what_is_sent(path: Path) -> None:
    """The SHA-256 in hex, from where a file object stands."""
    file = io.BytesIO(b"before" + DATA)
    file.seek(6)
    for given_file in (path, file):
        with open_source(given_file, "a.jsonl") as source:
            assert hashlib.sha256(DATA).hexdigest() == source.sha256()
