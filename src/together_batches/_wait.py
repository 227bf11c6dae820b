"""Waiting for a job to end, through whatever passes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ._effects import Flow, Instant, Notify, Now, Sleep
from ._errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    InvalidArgumentError,
    TogetherError,
    WaitTimeoutError,
)
from ._objects import BatchJob
from ._operation import log, perform
from ._settings import Settings
from ._wire import batches as wire

OnUpdate: TypeAlias = Callable[[BatchJob], object]
OnUpdateAsync: TypeAlias = Callable[[BatchJob], object | Awaitable[object]]

# The documentation asks for 30 to 60 s between polls; short jobs are worth a quicker look at first.
FIRST_POLL_SECONDS = 1.0
LAST_POLL_SECONDS = 30.0
POLL_GROWTH = 1.5
# How long the service may be unreachable, without a break, before a wait gives up.
PATIENCE_SECONDS = 3600.0


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
            latest = yield from perform(wire.get_batch(job_id), settings)
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
