"""Batch jobs: create exactly once, wait, and get every answer; in both colours, over the same flows.

What a whole run needs is imported by the methods that make one: files, joins and checks are half of what there is
to load, and a program that creates a job, or waits for one, needs none of them.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ._create import Claims, create_batch
from ._errors import InvalidArgumentError
from ._objects import BatchEndpoint
from ._operation import perform
from ._wait import wait
from ._wire import batches as wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from ._effects import Flow
    from ._flow import Blocking
    from ._flow_async import Async
    from ._models import BatchResult, RunSummary
    from ._objects import BatchJob
    from ._runs import Output
    from ._settings import Settings
    from ._source import FileInput, Progress
    from ._wait import OnUpdate, OnUpdateAsync


def find(
    input_file_id: str, endpoint: str | None, created_after: datetime | None, settings: Settings
) -> Flow[list[BatchJob]]:
    """The jobs of one input file, oldest first."""
    if created_after is not None and created_after.tzinfo is None:
        raise InvalidArgumentError("created_after has no time zone: give an aware datetime")
    listed = yield from wire.listed(settings)
    found = [
        job
        for job in listed.jobs
        if job.input_file_id == input_file_id
        and endpoint in {None, job.endpoint}
        and (created_after is None or job.created_at is None or job.created_at >= created_after)
    ]
    return sorted(found, key=lambda job: (job.created_at is not None, job.created_at))


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
        return self._driver.run(perform(wire.get_batch(id), self._settings.but(timeout, max_retries)))

    def list_batches(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[BatchJob]:
        """All jobs of the account; the service has no paging. Source: the contract's `list_batches`."""
        return self._driver.run(perform(wire.list_batches(), self._settings.but(timeout, max_retries)))

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
        return self._driver.run(wire.cancel_batch(id, self._settings.but(timeout, max_retries)))

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
        from ._runs import fetch_results, rows_of

        with ExitStack() as stack:
            _, spools = self._driver.run(fetch_results(job, stack, None, self._settings))
            yield from rows_of(spools)

    def submit(
        self,
        file: FileInput,
        *,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        on_upload: Progress | None = None,
    ) -> BatchJob:
        """Checks a request file, uploads it and creates its job. Raises as `Files.upload` and `create_batch` do."""
        from ._runs import submit

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
        from ._runs import collect

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
        from ._runs import run_file

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
        return await self._driver.run(perform(wire.get_batch(id), self._settings.but(timeout, max_retries)))

    async def list_batches(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[BatchJob]:
        """As `Batches.list_batches`, awaited."""
        return await self._driver.run(perform(wire.list_batches(), self._settings.but(timeout, max_retries)))

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
        return await self._driver.run(wire.cancel_batch(id, self._settings.but(timeout, max_retries)))

    async def wait(self, id: str, *, timeout: float | None = None, on_update: OnUpdateAsync | None = None) -> BatchJob:
        """As `Batches.wait`, awaited."""
        return await self._driver.run(wait(id, timeout, on_update, self._settings))

    async def results(self, job: BatchJob | str) -> AsyncIterator[BatchResult]:
        """As `Batches.results`, awaited."""
        from ._runs import fetch_results, rows_of

        with ExitStack() as stack:
            _, spools = await self._driver.run(fetch_results(job, stack, None, self._settings))
            for row in rows_of(spools):
                yield row

    async def submit(
        self,
        file: FileInput,
        *,
        endpoint: BatchEndpoint | str = BatchEndpoint.CHAT_COMPLETIONS,
        on_upload: Progress | None = None,
    ) -> BatchJob:
        """As `Batches.submit`, awaited."""
        from ._runs import submit

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
        from ._runs import collect

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
        from ._runs import run_file

        return await self._driver.run(
            run_file(file, output, endpoint, timeout, on_upload, on_update, on_download, self._claims, self._settings)
        )
