"""What survives a restart: files, uploads and jobs in SQLite, which several processes may share.

One process at a time executes jobs; all of them serve. A status only ever moves forward: each statement that moves
it names the statuses it may move from.
"""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from attrs import asdict

from ._folder import STALE_SECONDS, Arrived, Folder
from ._records import (
    CANCELING,
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    UNFINISHED,
    VALIDATING,
    WINDOW_SECONDS,
    File,
    Job,
    Part,
    Upload,
)

VERSION = 1
BUSY_SECONDS = 10.0

_Record = TypeVar("_Record", File, Upload, Job)

_SCHEMA = """
CREATE TABLE files (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, purpose TEXT NOT NULL, file_type TEXT NOT NULL,
    created_at REAL NOT NULL, checksum TEXT, size INTEGER, sha256 TEXT, lines INTEGER, processed INTEGER NOT NULL
) STRICT;
CREATE INDEX files_by_content ON files (sha256);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, file_id TEXT NOT NULL, size INTEGER NOT NULL, parts INTEGER NOT NULL
) STRICT;
CREATE TABLE parts (
    upload_id TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
) STRICT;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, input_file_id TEXT NOT NULL, endpoint TEXT NOT NULL, created_at REAL NOT NULL,
    deadline REAL NOT NULL, status TEXT NOT NULL, progress REAL NOT NULL, model_id TEXT,
    file_size_bytes INTEGER NOT NULL, requests INTEGER NOT NULL, output_file_id TEXT, error_file_id TEXT,
    error TEXT, completed_at REAL
) STRICT;
CREATE INDEX jobs_by_status ON jobs (status);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Store:
    """The state of one data folder, for the use of one thread. Raises OSError or sqlite3.Error when disk fails."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        with locked(path / "setup.lock"):
            self._db = sqlite3.connect(path / "state.sqlite3", timeout=BUSY_SECONDS, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise
        self._db.row_factory = sqlite3.Row
        (self.secret,) = self._db.execute("SELECT value FROM secrets WHERE name = 'signatures'").fetchone()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            self._db.execute("INSERT INTO secrets VALUES ('signatures', ?)", (secrets.token_hex(32),))
        elif version != VERSION:
            raise ValueError(f"the data folder is of version {version}, not {VERSION}: use another folder")

    def close(self) -> None:
        """Ends the use of the data folder."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _one(self, kind: type[_Record], sql: str, *values: object) -> _Record | None:
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else kind(**row)

    def _add(self, table: str, record: File | Upload | Job) -> None:
        values = asdict(record)
        marks = ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(values)}) VALUES ({marks})", values)

    # Files

    def put_file(self, file: File) -> None:
        """Keeps what is known of a file."""
        self._add("files", file)

    def file(self, file_id: str) -> File | None:
        """A file, also one whose bytes are still to come."""
        return self._one(File, "SELECT * FROM files WHERE id = ?", file_id)

    def files(self) -> list[File]:
        """The files whose bytes are there, newest first."""
        rows = self._db.execute("SELECT * FROM files WHERE size IS NOT NULL ORDER BY created_at DESC, rowid DESC")
        return [File(**row) for row in rows]

    def same_file(self, checksum: str, purpose: str) -> File | None:
        """A file of the same content and purpose."""
        sql = "SELECT * FROM files WHERE sha256 = ? AND purpose = ? AND processed LIMIT 1"
        return self._one(File, sql, checksum, purpose)

    def keep_content(self, file_id: str, arrived: Arrived) -> None:
        """Notes that the bytes of a file are there."""
        self._db.execute(
            "UPDATE files SET size = ?, sha256 = ?, lines = ? WHERE id = ?",
            (arrived.size, arrived.sha256, arrived.lines, file_id),
        )

    def process_file(self, file_id: str) -> File | None:
        """Makes a file final, and gives it if it is still there."""
        self._db.execute("UPDATE files SET processed = 1 WHERE id = ?", (file_id,))
        return self.file(file_id)

    def remove_file(self, file_id: str) -> None:
        """Forgets a file and its bytes."""
        self._db.execute("DELETE FROM files WHERE id = ?", (file_id,))
        self.folder.file(file_id).unlink(missing_ok=True)

    # Uploads in parts

    def add_upload(self, file: File, size: int, parts: int) -> Upload:
        """Begins an upload in parts."""
        upload = Upload(f"upload-{uuid.uuid4()}", file.id, size, parts)
        self._add("uploads", upload)
        return upload

    def upload(self, upload_id: str) -> Upload | None:
        """An upload that is under way."""
        return self._one(Upload, "SELECT * FROM uploads WHERE id = ?", upload_id)

    def keep_part(self, upload_id: str, part: Part) -> None:
        """Notes that the bytes of a part are there; a repeated part replaces the earlier one."""
        values = (upload_id, part.number, part.etag, part.size)
        self._db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", values)

    def parts(self, upload_id: str) -> list[Part]:
        """The parts whose bytes are there, by number."""
        sql = "SELECT number, etag, size FROM parts WHERE upload_id = ? ORDER BY number"
        rows = self._db.execute(sql, (upload_id,))
        return [Part(**row) for row in rows]

    def end_upload(self, upload: Upload) -> None:
        """Forgets an upload and the bytes of its parts, but not the file."""
        parts = self.parts(upload.id)
        with self._transaction():
            self._db.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))
            self._db.execute("DELETE FROM parts WHERE upload_id = ?", (upload.id,))
        for part in parts:
            self.folder.part(upload.id, part.number).unlink(missing_ok=True)

    # Jobs

    def add_job(self, input_file_id: str, endpoint: str, model_id: str | None) -> Job:
        """A new job; nothing is checked."""
        now = time.time()
        file = self.file(input_file_id)
        size = file.size if file and file.size else 0
        job = Job(str(uuid.uuid4()), input_file_id, endpoint, now, now + WINDOW_SECONDS, VALIDATING, 0, model_id, size)
        self._add("jobs", job)
        return job

    def job(self, job_id: str) -> Job | None:
        """A job as it is now."""
        return self._one(Job, "SELECT * FROM jobs WHERE id = ?", job_id)

    def jobs(self) -> list[Job]:
        """All jobs, newest first."""
        return [Job(**row) for row in self._db.execute("SELECT * FROM jobs ORDER BY created_at DESC, rowid DESC")]

    def unfinished_jobs(self) -> list[str]:
        """The ids of the jobs that have to be worked on, oldest first."""
        rows = self._db.execute(
            f"SELECT id FROM jobs WHERE status IN {_listed(UNFINISHED)} ORDER BY created_at, rowid", UNFINISHED
        )
        return [job_id for (job_id,) in rows]

    def is_canceling(self, job_id: str) -> bool:
        """Whether someone wants a job to end."""
        sql = "SELECT 1 FROM jobs WHERE id = ? AND status = ?"
        return self._db.execute(sql, (job_id, CANCELING)).fetchone() is not None

    def begin_job(self, job_id: str, requests: int, model_id: str | None) -> None:
        """The input is good: the requests are being answered."""
        self._db.execute(
            "UPDATE jobs SET status = ?, requests = ?, model_id = coalesce(model_id, ?) WHERE id = ? AND status = ?",
            (IN_PROGRESS, requests, model_id, job_id, VALIDATING),
        )

    def report_progress(self, job_id: str, percent: float) -> None:
        """How much of a job is done."""
        self._db.execute("UPDATE jobs SET progress = ? WHERE id = ?", (percent, job_id))

    def cancel_job(self, job_id: str) -> bool:
        """Asks for the end of a job; whether that is possible, or was asked for already."""
        changed = self._db.execute(
            f"UPDATE jobs SET status = ? WHERE id = ? AND status IN {_listed(UNFINISHED)}",
            (CANCELING, job_id, *UNFINISHED),
        )
        return changed.rowcount > 0

    def fail_job(self, job_id: str, error: str) -> None:
        """Ends a job that gives nothing."""
        self._db.execute(
            f"UPDATE jobs SET status = ?, error = ? WHERE id = ? AND status IN {_listed(UNFINISHED)}",
            (FAILED, error, job_id, *UNFINISHED),
        )

    def finish_job(self, job_id: str, status: str, percent: float, outputs: Sequence[File | None]) -> None:
        """Ends a job as `status`, or as cancelled when that was asked for, with its output and error file, if any."""
        output, errors = outputs
        with self._transaction():
            for file in (output, errors):
                if file:
                    self._add("files", file)
            ids = (output and output.id, errors and errors.id)
            self._db.execute(
                "UPDATE jobs SET status = CASE status WHEN ? THEN ? ELSE ? END, progress = ?, completed_at = ?, "
                f"output_file_id = ?, error_file_id = ? WHERE id = ? AND status IN {_listed(UNFINISHED)}",
                (CANCELING, CANCELLED, status, percent, time.time(), *ids, job_id, *UNFINISHED),
            )

    def sweep(self) -> None:
        """Removes what jobs that have ended and uploads that were given up long ago have left; for the executor."""
        self.folder.sweep(self.unfinished_jobs())
        stale = (time.time() - STALE_SECONDS,)
        given_up = self._db.execute(
            "SELECT uploads.* FROM uploads JOIN files ON files.id = file_id WHERE created_at < ?", stale
        ).fetchall()
        for row in given_up:
            self.end_upload(Upload(**row))
        self._db.execute("DELETE FROM files WHERE size IS NULL AND created_at < ?", stale)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Holds a lock that only one at a time can hold, over all processes."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _listed(values: Sequence[str]) -> str:
    return f"({', '.join('?' * len(values))})"
