"""Create exactly once, against a service that has no idempotency key.

Rule 1: a create is repeated only when the service cannot have acted on the last one: it was never reached, it
turned the request away, or a search over a bounded window found no job of ours.
Rule 2: a job is ours when it has our file and endpoint, was created since the call began by the service's own clock,
and belongs to no other call of this client.
Rule 3: where neither can be established, an error says that a job may exist and how to look for it; nothing is
created.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

from ._effects import Failure, Flow, Instant, Now, Reply, Sleep
from ._errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    CreateOutcomeUnknownError,
    TogetherError,
    UnreadableCreateError,
)
from ._objects import BatchJob
from ._operation import log, retrying
from ._reading import status_error
from ._retry import Repeat, pause
from ._settings import Settings
from ._wire import batches as wire

# The pauses between looks at the list, in seconds: it was seen to lag, and 15 s is three times what we allow for.
LOOKS = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0)
# A Date header has whole seconds, and so may `created_at`.
MARGIN = timedelta(seconds=2)
# Without a Date header the two clocks may differ by more.
UNKNOWN_SKEW = timedelta(seconds=60)


class Claims:
    """Which jobs belong to which call of this client, so that two calls never take the same; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._waiting: Counter[tuple[str, str]] = Counter()

    def begin(self, file_id: str, endpoint: str) -> None:
        """A call sends a create and does not know of its job yet."""
        with self._lock:
            self._waiting[file_id, endpoint] += 1

    def end(self, file_id: str, endpoint: str) -> None:
        """A call that began has its answer, or knows that it will get none."""
        with self._lock:
            self._waiting[file_id, endpoint] -= 1
            if not self._waiting[file_id, endpoint]:
                del self._waiting[file_id, endpoint]

    def others_wait(self, file_id: str, endpoint: str) -> bool:
        """Whether a new job with this file and endpoint may belong to a call that has no answer yet."""
        with self._lock:
            return bool(self._waiting[file_id, endpoint])

    def taken(self, job_id: str) -> bool:
        """Whether a job is some call's own."""
        with self._lock:
            return job_id in self._taken

    def take(self, job_id: str) -> bool:
        """Makes a job this call's own; False when it is another's."""
        with self._lock:
            if job_id in self._taken:
                return False
            self._taken.add(job_id)
            return True


def create_batch(file_id: str, endpoint: str, claims: Claims, settings: Settings) -> Flow[BatchJob]:
    """Creates one job, exactly, or raises."""
    operation = wire.create_batch(file_id, endpoint)
    effect = operation.call(settings)
    started: Instant = yield Now()
    tries = 0
    while True:
        claims.begin(file_id, endpoint)
        try:
            outcome: Reply | Failure = yield effect
            unreadable: APIResponseValidationError | None = None
            if isinstance(outcome, Reply) and 200 <= outcome.status < 300:
                try:
                    job = operation.read(outcome, settings)
                    claims.take(job.id)
                    return job
                except APIResponseValidationError as error:
                    unreadable = error
        finally:
            claims.end(file_id, endpoint)
        now: Instant = yield Now()
        elapsed = now.monotonic - started.monotonic
        if not _may_have_acted(outcome):
            wait = pause(settings.policy, Repeat.UNSENT, tries, outcome, elapsed, now.unix)
            if wait is None:
                raise _error(outcome, settings, now)
        else:
            search = _Search(file_id, endpoint, started, claims)
            lost = unreadable or _error(outcome, settings, now)
            if not settings.policy.max_retries:
                raise search.unknown(lost)
            found = yield from search.look(lost, settings)
            if found is not None:
                return found
            # The service said yes: a job that the list does not show yet is likelier than none.
            wait = None if unreadable else pause(settings.policy, Repeat.SAFE, tries, outcome, 0.0, now.unix)
            if wait is None:
                raise search.unknown(lost)
        tries += 1
        yield from retrying(operation.name, outcome, tries, wait)


def _may_have_acted(outcome: Reply | Failure) -> bool:
    """Whether there may be a job although no job was read: a lost answer, a 5xx, a success that is unreadable."""
    if isinstance(outcome, Failure):
        return outcome.sent
    return outcome.status < 300 or outcome.status == 408 or outcome.status >= 500


def _error(outcome: Reply | Failure, settings: Settings, now: Instant) -> APIConnectionError | APIStatusError:
    if isinstance(outcome, Failure):
        return outcome.error("batches.create_batch")
    return status_error("batches.create_batch", outcome, settings, now.unix)


class _Search:
    """A look for the job of a create whose answer was lost."""

    def __init__(self, file_id: str, endpoint: str, started: Instant, claims: Claims) -> None:
        self.file_id = file_id
        self.endpoint = endpoint
        self.started = started
        self.claims = claims
        self.created_after = datetime.fromtimestamp(started.unix, UTC) - UNKNOWN_SKEW

    def look(self, lost: TogetherError, settings: Settings) -> Flow[BatchJob | None]:
        """The job, or None when the list does not show one over the whole window. Raises where it cannot be known."""
        pauses = list(LOOKS)
        patience = settings.timeout
        while True:
            try:
                listed = yield from wire.listed(settings)
            except TogetherError as error:
                raise self.unknown(lost, f"; looking for it: {error}") from lost
            self._set_clock(listed)
            if self.claims.others_wait(self.file_id, self.endpoint) and patience > 0:
                # A job that is there now may be the one of a call whose answer is still on its way.
                patience -= 1.0
                yield Sleep(1.0, 1.0)
                continue
            for job in sorted(filter(self._fits, listed.jobs), key=lambda job: job.created_at or self.created_after):
                if job.created_at is None:
                    raise self.unknown(lost)
                if self.claims.take(job.id):
                    log.info("batches.create_batch: the answer was lost, the job was found: %s", job.id)
                    return job
            if not pauses:
                return None
            wait = pauses.pop(0)
            yield Sleep(wait, wait)

    def _fits(self, job: BatchJob) -> bool:
        return (
            not self.claims.taken(job.id)
            and job.input_file_id == self.file_id
            and job.endpoint == self.endpoint
            and (job.created_at is None or job.created_at >= self.created_after)
        )

    def _set_clock(self, listed: wire.Listed) -> None:
        """Puts the beginning of the call on the service's clock: its Date less the time since, by our own clock."""
        if listed.date is not None:
            since = timedelta(seconds=listed.at.monotonic - self.started.monotonic)
            self.created_after = listed.date - since - MARGIN

    def unknown(self, lost: TogetherError, hindrance: str = "") -> CreateOutcomeUnknownError:
        """The error that says that a job may exist."""
        after = self.created_after.isoformat(timespec="seconds")
        message = (
            f"{lost}{hindrance}\nA job for file {self.file_id} may exist and cost money. Look before you create again: "
            f"client.batches.find(input_file_id={self.file_id!r}, endpoint={self.endpoint!r}, "
            f"created_after=datetime.fromisoformat({after!r}))"
        )
        error = (
            UnreadableCreateError(message, cause=lost)
            if isinstance(lost, APIResponseValidationError)
            else CreateOutcomeUnknownError(message)
        )
        error.input_file_id, error.endpoint, error.created_after = self.file_id, self.endpoint, self.created_after
        error.__cause__ = lost
        return error
