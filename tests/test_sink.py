"""A file on its way in: whole under its name, or not there at all."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import DownloadError, InvalidArgumentError
from together_batches._sink import Spool, Target
from together_batches._source import Meter

DATA = bytes(range(256)) * 10


@pytest.fixture(params=["unnamed", "named", "refused"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With unnamed temporary files, on a system that has none, and on a file system that has none."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE")
    if request.param == "refused":
        real = os.open

        def refused(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "Operation not supported")
            return real(path, flags, *args, **kwargs)

        monkeypatch.setattr(os, "open", refused)
    kind: str = request.param
    return kind


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path, way: str) -> None:
    """Nothing stands under the name before the commit, all of it after, and nothing else is left."""
    path = tmp_path / "out.jsonl"
    with closing(Target(path)) as target:
        target.write(DATA)
        assert not path.exists()
        assert (0 if way == "unnamed" else 1) == len(names(tmp_path))
        assert path == target.commit()
    assert (DATA, ["out.jsonl"]) == (path.read_bytes(), names(tmp_path))


def test_a_commit_replaces_what_was_there(tmp_path: Path, way: str) -> None:
    """The old file is there until the new one is."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with closing(Target(str(path))) as target:
        target.write(DATA)
        assert b"old" == path.read_bytes()
        target.commit()
    assert (DATA, ["out.jsonl"]) == (path.read_bytes(), names(tmp_path))


def test_without_a_commit_nothing_changes(tmp_path: Path, way: str) -> None:
    """A failed download leaves the old file, and nothing beside it."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with closing(Target(path)) as target:
        target.write(DATA)
    assert (b"old", ["out.jsonl"]) == (path.read_bytes(), names(tmp_path))


def test_a_new_file_has_the_usual_permissions(tmp_path: Path, way: str) -> None:
    """Those that the process gives any file."""
    (tmp_path / "usual").touch()
    with closing(Target(tmp_path / "out")) as target:
        target.commit()
    assert stat.S_IMODE((tmp_path / "usual").stat().st_mode) == stat.S_IMODE((tmp_path / "out").stat().st_mode)


def test_a_relative_path_is_below_the_working_directory(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name is a file here."""
    monkeypatch.chdir(tmp_path)
    with closing(Target("out")) as target:
        target.write(DATA)
        assert Path("out") == target.commit()
    assert ["out"] == names(tmp_path)


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 120, "ü" * 127, "[a]*?.jsonl"])
def test_any_name_that_a_file_can_have_will_do(tmp_path: Path, way: str, name: str) -> None:
    """Long names, non-ASCII ones and those with special characters."""
    with closing(Target(tmp_path / name)) as target:
        target.write(DATA)
        target.commit()
    assert [name] == names(tmp_path)


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, way: str) -> None:
    """A folder, and a folder that is not there."""
    with pytest.raises(InvalidArgumentError, match="is a directory: give the path of a file"):
        Target(tmp_path)
    with pytest.raises(InvalidArgumentError, match=r"cannot write to .*missing: No such file or directory"):
        Target(tmp_path / "missing" / "out")
    assert [] == names(tmp_path)


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    """A fifo or a device such as /dev/null stays what it is."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(InvalidArgumentError), closing(Target(path)) as target:
        target.commit()
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_what_a_killed_run_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale part of the same target goes; one that a living process holds, and all other files, stay."""
    monkeypatch.delattr(os, "O_TMPFILE")
    living = Target(tmp_path / "out")
    stale = ".out.0123abcd.part"
    others = [".other.0123abcd.part", "out.0123abcd.part", ".out.part", ".out.mine.part"]
    for name in (stale, *others):
        (tmp_path / name).touch()
    kept = {*others, *(name for name in names(tmp_path) if name not in {stale, *others})}
    assert 5 == len(kept)
    with closing(living), closing(Target(tmp_path / "out")):
        assert stale not in names(tmp_path)
        assert kept <= set(names(tmp_path))
    assert sorted(others) == names(tmp_path)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EWOULDBLOCK])
def test_without_locks_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A file system that cannot lock stores as well as any."""

    def fails(*args: Any) -> None:
        raise OSError(code, "no lock")

    monkeypatch.setattr(fcntl, "flock", fails)
    with closing(Target(tmp_path / "out")) as target:
        target.write(DATA)
        target.commit()
    assert DATA == (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("step", ["link", "replace"])
def test_a_commit_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The error says why, and the folder is as it was."""
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def fails(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, fails)
    with closing(Target(path)) as target:
        target.write(DATA)
        with pytest.raises(DownloadError, match=r"cannot put the download at .*out: No space left on device"):
            target.commit()
    assert (b"old", ["out"]) == (path.read_bytes(), names(tmp_path))


def test_a_full_disk_is_a_download_error() -> None:
    """The system's reason and what to do."""
    words = "cannot store the download: No space left on device; make room"
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(DownloadError, match=words):
        Spool(full).write(DATA)


class Grudging(io.BytesIO):
    """Takes 100 bytes at a time, as a system may."""

    def write(self, data: Any, /) -> int:
        return super().write(bytes(data[:100]))


def test_a_write_that_takes_less_is_gone_on_with() -> None:
    """All bytes arrive."""
    file = Grudging()
    spool = Spool(file)
    spool.write(DATA)
    assert (DATA, len(DATA)) == (file.getvalue(), spool.size)


def test_a_spool_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary file is gone when it is closed, and cannot be seen before."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(Spool()) as spool:
        spool.write(DATA)
        assert [] == names(tmp_path)
        assert DATA[:10] == spool.start(10)


def test_a_spool_can_begin_again() -> None:
    """What was written is forgotten, and no longer counted."""
    told: list[int] = []
    with closing(Spool()) as spool:
        spool.meter = Meter(0, lambda done, total: told.append(done))
        spool.write(DATA)
        spool.restart()
        assert (0, b"") == (spool.size, spool.start(10))
        spool.write(b"abc")
        assert (b"ab", b"abc") == (spool.start(2), spool.start(5))
        spool.write(b"d")
        assert (4, b"abcd") == (spool.size, spool.start(5))
    assert [len(DATA), 0, 3, 4] == told


@given(st.lists(st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")), min_size=1), st.booleans())
def test_lines_are_found_where_they_begin(lines: list[bytes], ended: bool) -> None:
    """Each line as it was written, with its end, in order and by its place."""
    written = [line + b"\n" for line in lines]
    if not ended:
        written[-1] = written[-1][:-1]
    written = [line for line in written if line]
    with closing(Spool()) as spool:
        spool.write_all(written)
        assert written == list(spool.lines()) == list(spool.lines())
        offset = 0
        for line in written:
            assert line == spool.line_at(offset) == spool.line_at(offset, 1)
            offset += len(line)
        assert b"" == spool.line_at(offset)


def test_a_line_longer_than_a_read_is_whole() -> None:
    """Lines of any length, in few large writes."""
    long = b"x" * 1_000_000 + b"\n"
    with closing(Spool()) as spool:
        spool.write_all([b"a\n", long, b"b\n"])
        assert long == spool.line_at(2)
        assert [b"a\n", long, b"b\n"] == list(spool.lines())


def test_lines_can_be_left_half_way() -> None:
    """The file stays usable."""
    with closing(Spool()) as spool:
        spool.write_all([b"a\n", b"b\n"])
        lines = spool.lines()
        assert b"a\n" == next(lines)
        lines.close()  # type: ignore[attr-defined]  # it is a generator
        assert [b"a\n", b"b\n"] == list(spool.lines())


def test_a_link_keeps_leading_where_it_did(tmp_path: Path, way: str) -> None:
    """What it points to is replaced, not the link."""
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real", tmp_path / "link"
    link.symlink_to(real)
    for data in (b"first", b"second"):
        with closing(Target(link)) as target:
            target.write(data)
            assert link == target.commit()
        assert (data, True, ["real"]) == (real.read_bytes(), link.is_symlink(), names(tmp_path / "folder"))
