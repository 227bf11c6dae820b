"""The operations on batch jobs."""

# The generator marks what builds a request as private, yet it is the half of its output that is wanted here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from together_lowlevel import models
from together_lowlevel.api.batches import cancel_batch as low_cancel_batch
from together_lowlevel.api.batches import create_batch as low_create_batch
from together_lowlevel.api.batches import get_batch as low_get_batch
from together_lowlevel.api.batches import list_batches as low_list_batches

from .._convert import batch_job
from .._effects import Flow, Instant, Reply
from .._errors import APIResponseValidationError, InvalidArgumentError
from .._listing import batch_jobs
from .._objects import BatchJob, BatchJobStatus
from .._operation import Operation, attempt, perform, read
from .._reading import contract_error, json_object, no_json
from .._retry import Repeat
from .._settings import Settings
from .checks import checked_id, is_text

# Source: the contract; the service has no other.
COMPLETION_WINDOW = "24h"


class Listed(Struct, frozen=True):
    """All jobs, when they were listed by our clock, and by the service's Date header."""

    jobs: list[BatchJob]
    at: Instant
    date: datetime | None


def create_batch(file_id: str, endpoint: str) -> Operation[BatchJob]:
    """The contract's `create_batch`, whose window is the only one the service has."""
    if not isinstance(endpoint, str) or not endpoint or not is_text(endpoint):
        raise InvalidArgumentError(f"endpoint={endpoint!r}: give a path such as '/v1/chat/completions'")
    body = models.CreateBatchRequest(
        input_file_id=checked_id(file_id), endpoint=str(endpoint), completion_window=COMPLETION_WINDOW
    )

    def read_job(reply: Reply, settings: Settings) -> BatchJob:
        answer = json_object("batches.create_batch", reply, settings)
        job = answer.get("job")
        if not isinstance(job, dict):
            raise contract_error("batches.create_batch", reply, "the answer holds no job", settings)
        return _read_job("batches.create_batch", job, reply, settings, answer.get("warning"))

    return Operation("batches.create_batch", low_create_batch._get_kwargs(body=body), read_job, Repeat.UNSENT)


def get_batch(id: str) -> Operation[BatchJob]:
    """The contract's `get_batch`."""
    request = low_get_batch._get_kwargs(checked_id(id))
    return Operation("batches.get_batch", request, _bare_job("batches.get_batch"))


def list_batches() -> Operation[list[BatchJob]]:
    """The contract's `list_batches`; some servers say null for none."""
    name = "batches.list_batches"

    def read_jobs(reply: Reply, settings: Settings) -> list[BatchJob]:
        jobs: list[BatchJob] = []
        try:
            if (found := batch_jobs(reply.body)) is None:
                raise contract_error(name, reply, "the answer is not a list of jobs", settings)
            for job in found:
                if job is None:
                    raise _no_id(name, reply, settings)
                jobs.append(job)
        except ValueError:
            raise no_json(name, reply, settings) from None
        return jobs

    return Operation(name, low_list_batches._get_kwargs(), read_jobs)


def listed(settings: Settings) -> Flow[Listed]:
    """All jobs, with the time by both clocks."""
    operation = list_batches()
    tried = yield from attempt(operation.name, operation.call(settings), operation.repeat, settings)
    return Listed(read(operation, tried, settings), tried.at, _date(tried.reply))


def cancel_batch(id: str, settings: Settings) -> Flow[BatchJob]:
    """The contract's `cancel_batch`; a repeated one that meets its own success tells it."""
    name = "batches.cancel_batch"
    operation = Operation(name, low_cancel_batch._get_kwargs(checked_id(id)), _bare_job(name))
    tried = yield from attempt(name, operation.call(settings), operation.repeat, settings)
    if tried.repeated and tried.reply.status == 409:
        job = yield from perform(get_batch(id), settings)
        if job.status in {BatchJobStatus.CANCELLED, BatchJobStatus.CANCELING}:
            return job
    return read(operation, tried, settings)


def _bare_job(name: str) -> Callable[[Reply, Settings], BatchJob]:
    def read_job(reply: Reply, settings: Settings) -> BatchJob:
        answer = json_object(name, reply, settings)
        # Documented bare, and under `job` in some sources; no job has a field of that name.
        return _read_job(name, answer.get("job", answer), reply, settings)

    return read_job


def _read_job(name: str, raw: Any, reply: Reply, settings: Settings, warning: object = None) -> BatchJob:
    if (job := batch_job(raw, warning)) is None:
        raise _no_id(name, reply, settings)
    return job


def _no_id(name: str, reply: Reply, settings: Settings) -> APIResponseValidationError:
    return contract_error(name, reply, "the answer holds a job without an id", settings)


def _date(reply: Reply) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
