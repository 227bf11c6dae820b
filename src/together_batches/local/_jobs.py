"""The executor: takes jobs from the store, answers their requests, and writes the files of results.

Of all processes that share a data folder one executes, the one that holds the lock; the others wait for the lock to
become free. A job whose executor has died is taken up by the next, which asks nothing again that has an answer.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import re
import sqlite3
import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import IO, Any

from ._backend import Answer, Backend, Question, RowError
from ._check import MAX_FILE_BYTES, BrokenFile, RequestLine, check_file, read_lines
from ._records import BATCH_INPUT, CANCELING, CANCELLED, COMPLETED, EXPIRED, VALIDATING, Job
from ._rows import Rows
from ._store import Store

logger = logging.getLogger("together_batches.local")

# How often another process is looked after: for jobs and cancellations that came in there, and for its lock.
LOOK_SECONDS = 0.1
# How many jobs are worked on at once; each holds three files open.
JOBS_AT_ONCE = 16

_ENDPOINT = re.compile(r"/v1(/[a-z0-9_-]{1,64}){1,8}")


class Executor:
    """Works on jobs until it is cancelled."""

    def __init__(self, store: Store, backend: Backend, concurrency: int) -> None:
        self._store = store
        self._backend = backend
        self._concurrency = concurrency
        self._requests = asyncio.Semaphore(concurrency)
        self._room = asyncio.Semaphore(JOBS_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Says that there is a new job."""
        self._news.set()

    async def run(self) -> None:
        """Waits for the lock, then works on all jobs that come."""
        async with self._lock(self._store.folder.path / "executor.lock"):
            try:
                self._store.sweep()
                while True:
                    self._start_jobs()
                    await self._look()
            finally:
                for task in self._tasks.values():
                    task.cancel()
                await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _start_jobs(self) -> None:
        try:
            jobs = self._store.unfinished_jobs()
        except sqlite3.OperationalError as error:  # another process writes for long, or the disk fails: later, then
            logger.error("jobs cannot be looked up: %s", type(error).__name__)
            return
        for job_id in jobs:
            if job_id not in self._tasks:
                self._tasks[job_id] = asyncio.create_task(self._work(job_id))
        for job_id in self._tasks.keys() - set(jobs):
            del self._tasks[job_id]

    async def _look(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._news.wait()
        self._news.clear()

    @asynccontextmanager
    async def _lock(self, path: Path) -> AsyncGenerator[None]:
        with path.open("ab") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(LOOK_SECONDS)
                else:
                    break
            yield

    async def _work(self, job_id: str) -> None:
        async with self._room:
            try:
                await self._execute(job_id)
            except BrokenFile as broken:
                self._end_badly(job_id, str(broken))
            except Exception as error:
                # Its words could hold anything of a request.
                logger.error("job %s failed: %s", job_id, type(error).__name__)
                self._end_badly(job_id, f"internal error: {type(error).__name__}")

    def _end_badly(self, job_id: str, error: str) -> None:
        with suppress(sqlite3.Error):
            self._store.fail_job(job_id, error)
        self._store.folder.remove_rows(job_id)

    async def _execute(self, job_id: str) -> None:
        job = self._store.job(job_id)
        assert job is not None
        if job.status == CANCELING and not job.requests:  # cancelled before it began
            self._store.finish_job(job.id, CANCELLED, 0, (None, None))
            return
        with self._input(job) as file:
            if job.status == VALIDATING:
                checked = await asyncio.to_thread(check_file, file, job.endpoint)
                self._store.begin_job(job.id, checked.requests, checked.model)
                job = self._store.job(job.id) or job
                file.seek(0)
            folder = self._store.folder
            with (
                closing(Rows(folder.rows(job.id, "output"))) as answers,
                closing(Rows(folder.rows(job.id, "errors"))) as errors,
            ):
                run = _Run(self._store, self._backend, self._requests, job, answers, errors)
                await run.answer_all(read_lines(file, job.endpoint), self._concurrency)
                outputs = [
                    await asyncio.to_thread(rows.publish, folder, job, kind)
                    for rows, kind in ((answers, "output"), (errors, "errors"))
                ]
        self._store.finish_job(job.id, EXPIRED if run.is_late() else COMPLETED, run.percent(), outputs)
        folder.remove_rows(job.id)

    def _input(self, job: Job) -> IO[bytes]:
        """The input of a job, opened. Raises BrokenFile."""
        if not _ENDPOINT.fullmatch(job.endpoint) or job.endpoint not in (self._backend.endpoints or {job.endpoint}):
            raise BrokenFile("the endpoint is not supported")
        file = self._store.file(job.input_file_id)
        if file is None or file.size is None:
            raise BrokenFile("the input file does not exist")
        if file.purpose != BATCH_INPUT:
            raise BrokenFile(f"the purpose of the input file is not {BATCH_INPUT}")
        if not file.processed:
            raise BrokenFile("the input file has not been processed")
        if file.size > MAX_FILE_BYTES:
            raise BrokenFile(f"the input file has {file.size} bytes, more than {MAX_FILE_BYTES}")
        try:
            return self._store.folder.file(file.id).open("rb")
        except FileNotFoundError as error:  # removed just now
            raise BrokenFile("the input file does not exist") from error


class _Run:
    """The requests of one job, on their way to the backend and back."""

    def __init__(
        self, store: Store, backend: Backend, slots: asyncio.Semaphore, job: Job, answers: Rows, errors: Rows
    ) -> None:
        self._store = store
        self._backend = backend
        self._slots = slots
        self._job = job
        self._answers = answers
        self._errors = errors
        self._reported = -1
        self._cut_short = False

    async def answer_all(self, lines: Iterator[RequestLine], workers: int) -> None:
        """Asks the backend everything that is not answered yet, unless the job is cancelled or too late."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(workers, self._job.requests)):
                    group.create_task(self._answer_some(lines))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _answer_some(self, lines: Iterator[RequestLine]) -> None:
        while True:
            async with self._slots:
                line = self._next(lines)
                if line is None:
                    return
                id = uuid.uuid5(uuid.UUID(self._job.id), line.custom_id).hex
                question = Question(id, self._job.endpoint, line.body, int(self._job.created_at))
                self._keep(line, await self._backend.answer(question), id)
            await asyncio.sleep(0)  # let others have their turn, those who ask about this job among them

    def _next(self, lines: Iterator[RequestLine]) -> RequestLine | None:
        if self._store.is_canceling(self._job.id) or time.time() >= self._job.deadline:
            self._cut_short = True
            return None
        return next((line for line in lines if not self._is_done(line.custom_id)), None)

    def _is_done(self, custom_id: str) -> bool:
        return custom_id in self._answers.places or custom_id in self._errors.places

    def _keep(self, line: RequestLine, outcome: Answer | RowError, id: str) -> None:
        row: dict[str, Any] = {"id": f"br_{id}", "custom_id": line.custom_id}
        match outcome:
            case Answer(body):
                self._answers.add(row | {"response": {"status_code": 200, "body": body}})
            case RowError(message, code):
                self._errors.add(row | {"error": {"message": message, "code": code}})
        if int(self.percent()) > self._reported:
            self._reported = int(self.percent())
            self._store.report_progress(self._job.id, self._reported)

    def percent(self) -> float:
        """How much is done, as the live service says it: 100 is all."""
        return 100.0 * (len(self._answers.places) + len(self._errors.places)) / max(self._job.requests, 1)

    def is_late(self) -> bool:
        """Whether the deadline came before the end."""
        return self._cut_short and time.time() >= self._job.deadline
