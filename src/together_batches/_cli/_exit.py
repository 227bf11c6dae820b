"""How a command ends: an exit code and, unless all is well, a few lines on stderr.

0    done; of a run: every request is answered
1    an error
2    wrong usage
3    some requests failed or have no result
4    the job has not ended
5    the job expired or was cancelled; what it finished is delivered
130  interrupted (143 by SIGTERM)
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

from .._errors import JobNotFinishedError, TogetherError, WaitTimeoutError
from .._models import RunSummary
from .._objects import BatchJob, BatchJobStatus
from ._text import clean, harmless


class ExitCode(IntEnum):
    """What the shell is told; see above."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    SOME_FAILED = 3
    NOT_FINISHED = 4
    CUT_SHORT = 5


class CommandError(Exception):
    """The command cannot do what it was asked to; the message says what would help."""

    code = ExitCode.ERROR


class UsageError(CommandError):
    """The arguments do not go together."""

    code = ExitCode.USAGE


class Interrupted(BaseException):
    """SIGINT or SIGTERM came; `number` says which.

    Not a KeyboardInterrupt, which the argument parser would turn into an exit of its own.
    """

    def __init__(self, number: int) -> None:
        super().__init__("interrupted" if number == signal.SIGINT else "terminated")
        self.number = number


@contextmanager
def interruptible() -> Generator[None]:
    """Turns SIGINT and SIGTERM into `Interrupted`, unless whoever started the command has them ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def of_job(job: BatchJob) -> ExitCode:
    """How a command ends that saw a job end."""
    if job.status in {BatchJobStatus.EXPIRED, BatchJobStatus.CANCELLED}:
        return ExitCode.CUT_SHORT
    return ExitCode.ERROR if job.status == BatchJobStatus.FAILED else ExitCode.DONE


def of_summary(summary: RunSummary) -> ExitCode:
    """How a command ends that has the results of a job."""
    return of_job(summary.job) or (ExitCode.DONE if summary.all_answered else ExitCode.SOME_FAILED)


def ending(job: BatchJob) -> str | None:
    """What to say of a job that has ended otherwise than it should."""
    match job.status:
        case BatchJobStatus.FAILED:
            return f"error: job {clean(job.id)} failed: {clean(job.error or 'the service gave no reason')}"
        case BatchJobStatus.EXPIRED | BatchJobStatus.CANCELLED:
            return f"job {clean(job.id)} is {job.status}: what it had finished is there"
        case _:
            return None


def of_error(error: BaseException) -> int:
    """How a command ends that an error or a signal ended."""
    match error:
        case Interrupted():
            return 128 + error.number
        case WaitTimeoutError() | JobNotFinishedError():
            return ExitCode.NOT_FINISHED
        case CommandError():
            return error.code
        case _:
            return ExitCode.ERROR


def words(error: BaseException) -> str:
    """What to tell about an error: its message, then what was noted on the way, and nothing that could be secret."""
    match error:
        case Interrupted():
            message = str(error)
        case JobNotFinishedError(job=BatchJob() as job):
            message = f"error: job {job.id} has not ended (status {job.status}): together-batches watch {job.id}"
        case TogetherError() | CommandError():
            message = f"error: {error}"
        case OSError() if error.strerror:
            message = f"error: {error.strerror}" + (f": {error.filename}" if error.filename else "")
        case _:
            # The words of an error that nobody foresaw could hold anything.
            message = f"error: unexpected {type(error).__name__}; --debug before the command shows where"
    return "\n".join(map(harmless, [*message.splitlines(), *getattr(error, "__notes__", ())]))
