"""A whole file of requests: sent and run as one job, its results fetched, joined and accounted for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import TypeAlias

from attrs import evolve

from ._create import Claims, create_batch
from ._download import download
from ._effects import Flow, Instant, Notify, Now, Work
from ._errors import BatchFailedError, JobNotFinishedError
from ._files import BATCH_PURPOSE, upload
from ._join import Tally, copied, joined
from ._jsonl import read_result
from ._models import BatchResult, RunSummary
from ._objects import BatchJob, BatchJobStatus
from ._operation import perform
from ._settings import Settings
from ._sink import Spool, Target
from ._source import FileInput, Progress, Source, open_source
from ._wait import OnUpdateAsync, wait
from ._wire import batches as wire

Output: TypeAlias = str | os.PathLike[str]

# What the requests are called when they come from a file object without a name.
REQUESTS_NAME = "requests.jsonl"


def submit(
    file: FileInput | Source, endpoint: str, on_upload: Progress | None, claims: Claims, settings: Settings
) -> Flow[BatchJob]:
    """Checks, uploads, creates."""
    with open_source(file, nameless=REQUESTS_NAME) as source:
        uploaded = yield from upload(source, BATCH_PURPOSE, None, on_upload, settings, check_for=endpoint)
    return (yield from create_batch(uploaded.id, endpoint, claims, settings))


def fetch_results(
    job: BatchJob | str, spools: ExitStack, on_download: Progress | None, settings: Settings
) -> Flow[tuple[BatchJob, list[Spool]]]:
    """Downloads what files a job that has ended has, answers first, into temporary files that `spools` closes."""
    if isinstance(job, str) or not job.is_terminal:
        job = yield from perform(wire.get_batch(job if isinstance(job, str) else job.id), settings)
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


def rows_of(spools: list[Spool]) -> Iterator[BatchResult]:
    """Every row of fetched results, in the order they come."""
    return (read_result(line) for spool in spools for line in spool.lines() if line.strip())
