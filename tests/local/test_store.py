from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from together_batches.local._folder import Folder
from together_batches.local._records import File, Part
from together_batches.local._store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of an empty folder."""
    store = Store(tmp_path)
    yield store
    store.close()


def file(created_at: float, size: int | None = None) -> File:
    return File(f"file-{created_at:.0f}", "f", "batch-api", "jsonl", created_at, size=size)


def test_uploads_that_were_given_up(store: Store) -> None:
    """What is older than a day and was never finished is removed, with all it left on disk."""
    folder = store.folder
    now = 2e9
    for record in (file(1), file(2, size=3), file(3), file(now)):
        store.put_file(record)
    old, new = (store.add_upload(file(at), 1, 1) for at in (3, now))
    for upload in (old, new):
        store.keep_part(upload.id, Part(1, "e", 1))
        folder.part(upload.id, 1).touch()
    for name, age in (("old", 1), ("new", now)):
        (folder.path / "incoming" / name).touch()
        os.utime(folder.path / "incoming" / name, (age, age))
    running = store.add_job("file-2", "/v1/x", None)
    folder.rows(running.id, "output").touch()
    folder.rows("00000000-ended", "output").touch()

    store.sweep()

    assert ["file-2"] == [found.id for found in store.files()]
    assert [None, None, file(now)] == [store.file(f"file-{at:.0f}") for at in (1, 3, now)]
    assert [None, new] == [store.upload(upload.id) for upload in (old, new)]
    assert [folder.part(new.id, 1)] == list((folder.path / "parts").iterdir())
    assert ["new"] == [path.name for path in (folder.path / "incoming").iterdir()]
    assert [f"{running.id}.output"] == [path.name for path in (folder.path / "jobs").iterdir()]


def test_a_status_moves_forward_only(store: Store) -> None:
    """A job that has ended stays as it is."""
    job = store.add_job("file-1", "/v1/x", None)
    store.fail_job(job.id, "first")
    ended = store.job(job.id)
    store.fail_job(job.id, "second")
    store.begin_job(job.id, 1, "m")
    store.finish_job(job.id, "COMPLETED", 100, (None, None))

    assert not store.cancel_job(job.id)
    assert ended == store.job(job.id)


def test_all_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the end of a job cannot be noted, its files are not there either."""
    job = store.add_job("file-1", "/v1/x", None)
    output = file(5, size=1)
    with pytest.raises(sqlite3.Error):
        store.finish_job(job.id, "COMPLETED", "much", (output, None))  # type: ignore[arg-type]

    assert (job, None) == (store.job(job.id), store.file(output.id))


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\x00b", "A", "x" * 65])
def test_names_become_no_paths(name: str, tmp_path: Path) -> None:
    """Only ids that this server makes are names on disk."""
    folder = Folder(tmp_path)
    for where in (folder.file, lambda name: folder.part(name, 1), lambda name: folder.rows(name, "output")):
        with pytest.raises(ValueError, match="not a name"):
            where(name)


def test_a_file_that_cannot_be_completed_leaves_nothing(tmp_path: Path) -> None:
    """An exception while a file comes in removes it."""
    folder = Folder(tmp_path)

    def sources() -> Iterator[Path]:
        yield whole
        raise LookupError

    whole = tmp_path / "whole"
    whole.write_bytes(b"half")
    with pytest.raises(LookupError):
        folder.join(sources(), folder.file("file-1"))

    assert [whole] == [path for path in tmp_path.rglob("*") if path.is_file()]
