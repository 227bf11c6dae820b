"""Batch jobs: create exactly once, wait, and get every answer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from typing import TypeAlias

from attrs import evolve

from . import _wire
from ._create import Claims, create_batch
from ._download import download
from ._effects import Flow, Instant, Notify, Now, Sleep, Work
from ._errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    BatchFailedError,
    InvalidArgumentError,
    JobNotFinishedError,
    TogetherError,
    WaitTimeoutError,
)
from ._files import BATCH_PURPOSE, upload
from ._flow import Blocking
from ._flow_async import Async
from ._join import Tally, copied, joined
from ._jsonl import read_result
from ._models import BatchEndpoint, BatchJob, BatchJobStatus, BatchResult, RunSummary
from ._operation import log, perform
from ._settings import Settings
from ._sink import Spool, Target
from ._source import FileInput, Progress, Source, open_source

OnUpdate: TypeAlias = Callable[[BatchJob], object]
OnUpdateAsync: TypeAlias = Callable[[BatchJob], object | Awaitable[object]]
Output: TypeAlias = str | os.PathLike[str]

# What the requests are called when they come from a file object without a name.
REQUESTS_NAME = "requests.jsonl"
# The documentation asks for 30 to 60 s between polls; short jobs are worth a quicker look at first.
FIRST_POLL_SECONDS = 1.0
LAST_POLL_SECONDS = 30.0
POLL_GROWTH = 1.5
# How long the service may be unreachable, without a break, before a wait gives up.
PATIENCE_SECONDS = 3600.0


def submit(
    file: FileInput | Source, endpoint: str, on_upload: Progress | None, claims: Claims, settings: Settings
) -> Flow[BatchJob]:
    """Checks, uploads, creates."""
    with open_source(file, nameless=REQUESTS_NAME) as source:
        uploaded = yield from upload(source, BATCH_PURPOSE, None, on_upload, settings, check_for=endpoint)
    return (yield from create_batch(uploaded.id, endpoint, claims, settings))


def wait(
    job_id: str,
    timeout: float | None,
    on_update: OnUpdateAsync | None,
    settings: Settings,
    known: BatchJob | None = None,
) -> Flow[BatchJob]:
    """Polls until the job has ended, telling each change; `known` is what was told already."""
    if timeout is not None and not timeout >= 0:
        raise InvalidArgumentError(f"timeout={timeout!r}: give seconds, or None to wait as long as it takes")
    started: Instant = yield Now()
    heard = started.monotonic
    job = known
    interval = FIRST_POLL_SECONDS
    while True:
        try:
            latest = yield from perform(_wire.get_batch(job_id), settings)
        except TogetherError as error:
            now: Instant = yield Now()
            if not _passes(error) or now.monotonic - heard > PATIENCE_SECONDS:
                raise
            log.warning("batches.wait: %s; the wait goes on", error)
        else:
            now = yield Now()
            heard = now.monotonic
            if latest != job and on_update is not None:
                yield Notify(on_update, latest)
            job = latest
            if job.is_terminal:
                return job
        low, high = max(FIRST_POLL_SECONDS, interval * 0.8), min(LAST_POLL_SECONDS, interval * 1.2)
        if timeout is not None:
            left = timeout - (now.monotonic - started.monotonic)
            if left <= 0:
                status = job.status if job else "unknown"
                raise WaitTimeoutError(
                    f"job {job_id} has not ended after {timeout:g} s (status {status}); it goes on: wait again",
                    job=job,
                )
            low, high = min(low, left), min(high, left)
        yield Sleep(low, high)
        interval = min(LAST_POLL_SECONDS, interval * POLL_GROWTH)


def _passes(error: TogetherError) -> bool:
    """Whether a failed look at a job says nothing about the job."""
    if isinstance(error, APIStatusError):
        return error.status_code in {408, 425, 429} or error.status_code >= 500
    return isinstance(error, (APIConnectionError, APIResponseValidationError))


def fetch_results(
    job: BatchJob | str, spools: ExitStack, on_download: Progress | None, settings: Settings
) -> Flow[tuple[BatchJob, list[Spool]]]:
    """Downloads what files a job that has ended has, answers first, into temporary files that `spools` closes."""
    if isinstance(job, str) or not job.is_terminal:
        job = yield from perform(_wire.get_batch(job if isinstance(job, str) else job.id), settings)
    if not job.is_terminal:
        raise JobNotFinishedError(
            f"job {job.id} has not ended (status {job.status}): wait for it with client.batches.wait({job.id!r})",
            job=job,
        )
    file_ids = [file_id for file_id in (job.output_file_id, job.error_file_id) if file_id]
    if not file_ids and job.status is BatchJobStatus.FAILED:
        raise BatchFailedError(f"job {job.id} failed: {job.error or 'the service gave no reason'}", job=job)
    filled: list[Spool] = []
    for file_id in file_ids:
        spool = spools.enter_context(closing(Spool()))
        yield from download(file_id, spool, on_download, settings)
        filled.append(spool)
    return job, filled


def collect(
    job: BatchJob | str,
    output: Output,
    requests: FileInput | Source | None,
    on_download: Progress | None,
    settings: Settings,
) -> Flow[RunSummary]:
    """Downloads the results and writes them, joined to the requests where these are given."""
    started: Instant = yield Now()
    tally = Tally()
    with ExitStack() as stack:
        # Opened before anything is asked for: a wrong path should not cost a download.
        target = stack.enter_context(closing(Target(output)))
        source = stack.enter_context(open_source(requests, nameless=REQUESTS_NAME)) if requests is not None else None
        job, spools = yield from fetch_results(job, stack, on_download, settings)
        rows = joined(source, spools, tally) if source else copied(spools, tally)
        yield Work(partial(target.write_all, rows))
        path = target.commit()
    ended: Instant = yield Now()
    return RunSummary(
        job=job,
        output=path,
        requests=tally.requests,
        answered=tally.answered,
        failed=dict(tally.failed.most_common()),
        missing=tally.missing,
        unmatched=tally.unmatched,
        usage=tally.usage(),
        elapsed_seconds=ended.monotonic - started.monotonic,
    )


def run_file(
    file: FileInput,
    output: Output,
    endpoint: str,
    timeout: float | None,
    on_upload: Progress | None,
    on_update: OnUpdateAsync | None,
    on_download: Progress | None,
    claims: Claims,
    settings: Settings,
) -> Flow[RunSummary]:
    """Submit, wait, collect."""
    started: Instant = yield Now()
    with closing(Target(output)):
        pass  # a path that cannot be written must be found out before the job is paid for
    # Opened once: a pipe cannot be read again for the join, and a path may name another file by then.
    with open_source(file, nameless=REQUESTS_NAME) as source:
        job = yield from submit(source, endpoint, on_upload, claims, settings)
        if on_update is not None:
            yield Notify(on_update, job)
        ended_job = yield from wait(job.id, timeout, on_update, settings, known=evolve(job, warning=None))
        summary = yield from collect(ended_job, output, source, on_download, settings)
    ended: Instant = yield Now()
    return evolve(summary, elapsed_seconds=ended.monotonic - started.monotonic)


def find(
    input_file_id: str, endpoint: str | None, created_after: datetime | None, settings: Settings
) -> Flow[list[BatchJob]]:
    """The jobs of one input file, oldest first."""
    if created_after is not None and created_after.tzinfo is None:
        raise InvalidArgumentError("created_after has no time zone: give an aware datetime")
    listed = yield from _wire.listed(settings)
    found = [
        job
        for job in listed.jobs
        if job.input_file_id == input_file_id
        and endpoint in {None, job.endpoint}
        and (created_after is None or job.created_at is None or job.created_at >= created_after)
    ]
    return sorted(found, key=lambda job: (job.created_at is not None, job.created_at))


def _rows(spools: list[Spool]) -> Iterator[BatchResult]:
    return (read_result(line) for spool in spools for line in spool.lines() if line.strip())


class Batches:
    """The batch jobs of an account, blocking. `timeout` (seconds of silence) and `max_retries` change one call."""

    def __init__(self, driver: Blocking, settings: Settings) -> None:
        self._driver = driver
        self._settings = settings
        self._claims = Claims()

    def create_batch(
        self,
        file_id: str,
        endpoint: BatchEndpoint | str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> BatchJob:
        """Creates one job over an uploaded request file, with the service's fixed window of 24 hours.

        Exactly one: when the answer is lost, the job is looked for before anything is created again.
        The service checks nothing here: a wrong file makes the job fail later, with only `error` set.
        Raises CreateOutcomeUnknownError when a job may exist that could not be found, and
        APIResponseValidationError when a success names no job.
        Source: the contract's `create_batch`.
        """
        settings = self._settings.but(timeout, max_retries)
        return self._driver.run(create_batch(file_id, endpoint, self._claims, settings))

    def get_batch(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> BatchJob:
        """The job as it stands. Raises NotFoundError. Source: the contract's `get_batch`."""
        return self._driver.run(perform(_wire.get_batch(id), self._settings.but(timeout, max_retries)))

    def list_batches(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[BatchJob]:
        """All jobs of the account; the service has no paging. Source: the contract's `list_batches`."""
        return self._driver.run(perform(_wire.list_batches(), self._settings.but(timeout, max_retries)))

    def find(
        self,
        *,
        input_file_id: str,
        endpoint: BatchEndpoint | str | None = None,
        created_after: datetime | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[BatchJob]:
        """The jobs over one input file, oldest first: how to look for a job whose create was lost.

        `created_after` is aware, and in the service's time. Source: the contract's `list_batches`.
        """
        settings = self._settings.but(timeout, max_retries)
        return self._driver.run(find(input_file_id, endpoint, created_after, settings))

    def cancel_batch(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> BatchJob:
        """Asks for a job to be cancelled; what it has finished is kept, and billed.

        Raises ConflictError when it has ended already. Source: the contract's `cancel_batch`.
        """
        return self._driver.run(_wire.cancel_batch(id, self._settings.but(timeout, max_retries)))

    def wait(self, id: str, *, timeout: float | None = None, on_update: OnUpdate | None = None) -> BatchJob:
        """Polls a job, every 1 to 30 s, until it has ended, and returns it; passing failures are sat out.

        `timeout` is in seconds, None as long as it takes; `on_update(job)` is called on each change.
        Raises WaitTimeoutError, which carries the last job; the job goes on.
        Source: the vendor's documentation for the pace of polling.
        """
        return self._driver.run(wait(id, timeout, on_update, self._settings))

    def results(self, job: BatchJob | str) -> Iterator[BatchResult]:
        """Every row of the output and the error file of a job that has ended, in the order they come.

        Both files are downloaded to temporary files and verified when the first row is asked for; memory is
        constant. A row that cannot be read is a result with an error.
        Raises JobNotFinishedError, BatchFailedError when the job failed as a whole, DownloadError.
        Source: the contract's `get_file_content`.
        """
        with ExitStack() as stack:
            _, spools = self._driver.run(fetch_results(job, stack, None, self._settings))
            yield from _rows(spools)

    def submit(
        self,
        file: FileInput,
        *,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        on_upload: Progress | None = None,
    ) -> BatchJob:
        """Checks a request file, uploads it and creates its job. Raises as `Files.upload` and `create_batch` do."""
        return self._driver.run(submit(file, endpoint, on_upload, self._claims, self._settings))

    def collect(
        self,
        job: BatchJob | str,
        *,
        output: Output,
        requests: FileInput | None = None,
        on_download: Progress | None = None,
    ) -> RunSummary:
        """Writes all results of a job that has ended to `output`, whole or not at all, and gives the account.

        With `requests`, the request file, each line of `output` holds a request and what became of it, in the
        order of that file. Raises as `results` does.
        """
        return self._driver.run(collect(job, output, requests, on_download, self._settings))

    def run(
        self,
        file: FileInput,
        *,
        output: Output,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        timeout: float | None = None,
        on_upload: Progress | None = None,
        on_update: OnUpdate | None = None,
        on_download: Progress | None = None,
    ) -> RunSummary:
        """The whole way of a request file: check, upload, create, wait, download, join.

        `timeout` is in seconds, for the wait. Raises as `submit`, `wait` and `collect` do; once `on_update` was
        called, the job exists, and `collect` can finish what this call did not.
        """
        return self._driver.run(
            run_file(file, output, endpoint, timeout, on_upload, on_update, on_download, self._claims, self._settings)
        )


class AsyncBatches:
    """The batch jobs of an account, awaited. `timeout` (seconds of silence) and `max_retries` change one call."""

    def __init__(self, driver: Async, settings: Settings) -> None:
        self._driver = driver
        self._settings = settings
        self._claims = Claims()

    async def create_batch(
        self,
        file_id: str,
        endpoint: BatchEndpoint | str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> BatchJob:
        """As `Batches.create_batch`, awaited."""
        settings = self._settings.but(timeout, max_retries)
        return await self._driver.run(create_batch(file_id, endpoint, self._claims, settings))

    async def get_batch(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> BatchJob:
        """As `Batches.get_batch`, awaited."""
        return await self._driver.run(perform(_wire.get_batch(id), self._settings.but(timeout, max_retries)))

    async def list_batches(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[BatchJob]:
        """As `Batches.list_batches`, awaited."""
        return await self._driver.run(perform(_wire.list_batches(), self._settings.but(timeout, max_retries)))

    async def find(
        self,
        *,
        input_file_id: str,
        endpoint: BatchEndpoint | str | None = None,
        created_after: datetime | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[BatchJob]:
        """As `Batches.find`, awaited."""
        settings = self._settings.but(timeout, max_retries)
        return await self._driver.run(find(input_file_id, endpoint, created_after, settings))

    async def cancel_batch(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> BatchJob:
        """As `Batches.cancel_batch`, awaited."""
        return await self._driver.run(_wire.cancel_batch(id, self._settings.but(timeout, max_retries)))

    async def wait(self, id: str, *, timeout: float | None = None, on_update: OnUpdateAsync | None = None) -> BatchJob:
        """As `Batches.wait`, awaited."""
        return await self._driver.run(wait(id, timeout, on_update, self._settings))

    async def results(self, job: BatchJob | str) -> AsyncIterator[BatchResult]:
        """As `Batches.results`, awaited."""
        with ExitStack() as stack:
            _, spools = await self._driver.run(fetch_results(job, stack, None, self._settings))
            for row in _rows(spools):
                yield row

    async def submit(
        self,
        file: FileInput,
        *,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        on_upload: Progress | None = None,
    ) -> BatchJob:
        """As `Batches.submit`, awaited."""
        return await self._driver.run(submit(file, endpoint, on_upload, self._claims, self._settings))

    async def collect(
        self,
        job: BatchJob | str,
        *,
        output: Output,
        requests: FileInput | None = None,
        on_download: Progress | None = None,
    ) -> RunSummary:
        """As `Batches.collect`, awaited."""
        return await self._driver.run(collect(job, output, requests, on_download, self._settings))

    async def run(
        self,
        file: FileInput,
        *,
        output: Output,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        timeout: float | None = None,
        on_upload: Progress | None = None,
        on_update: OnUpdateAsync | None = None,
        on_download: Progress | None = None,
    ) -> RunSummary:
        """As `Batches.run`, awaited."""
        return await self._driver.run(
            run_file(file, output, endpoint, timeout, on_upload, on_update, on_download, self._claims, self._settings)
        )
