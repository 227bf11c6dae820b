"""What goes to stderr, the progress: bars in bytes, a live line while a job runs, what became of it."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from .._models import RunSummary
from .._objects import BatchJob
from ._output import STATUS_STYLES
from ._text import clean


class Reporter:
    """Shows how a job comes along; `job` is the last that was heard of it, `uploaded` whether its file is there.

    On a terminal the current line moves; elsewhere each step is a line, and nothing moves.
    """

    def __init__(self, console: Console) -> None:
        self.job: BatchJob | None = None
        self.uploaded = False
        self._console = console
        self._live: Progress | None = None
        self._task = TaskID(0)
        self._phase = ""

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def upload(self, sent: int, total: int) -> None:
        """Takes the bytes sent so far, of all."""
        self._transfer("uploading", sent, total)
        if sent >= total and not self.uploaded:
            self.uploaded = True
            self.stop()
            self.say(f"uploaded {decimal(total)}")

    def download(self, received: int, total: int) -> None:
        """Takes the bytes received so far, of all, or of 0 when the service does not say how many."""
        self._transfer("downloading", received, total)

    def update(self, job: BatchJob) -> None:
        """Takes the job as it is now."""
        # Before anything is shown: a signal may come at any moment, and who it interrupts needs the id.
        before, self.job = self.job, job
        if before is None:
            self.stop()
            self.say(f"job {clean(job.id)}")
            if job.warning:
                self.say(f"warning: {clean(job.warning)}")
        if self._phase != "waiting":
            self._start("waiting", _JobColumns(self._console))
        if self._live is not None:
            self._live.update(self._task, job=job, refresh=True)
        elif before is None or before.status != job.status:
            self.say(f"{_status(job)}, progress {job.progress:g}")
        if job.is_terminal:
            self.stop()

    def say(self, text: str) -> None:
        """Prints a line."""
        self._console.print(Text(text), soft_wrap=True)

    def _transfer(self, phase: str, done: int, total: int) -> None:
        if self._phase != phase:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._start(phase, Progress(*columns, console=self._console, transient=True))
        if self._live is not None:
            self._live.update(self._task, completed=done, total=total or None)

    def _start(self, phase: str, live: Progress) -> None:
        self.stop()
        self._phase = phase
        if self._console.is_terminal:
            self._live = live
            self._task = live.add_task(phase, total=None, job=None)
            live.start()

    def stop(self) -> None:
        """Takes the moving line away."""
        self._phase = ""
        if self._live is not None:
            self._live.stop()
            self._live = None


class _JobColumns(Progress):
    """The live line: status, progress as the service sent it, time since the start, time left to the deadline."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            SpinnerColumn(),
            _StatusColumn(),
            TimeElapsedColumn(),
            _DeadlineColumn(console),
            console=console,
            transient=True,
        )


class _StatusColumn(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        job: BatchJob | None = task.fields["job"]
        if job is None:
            return Text("")
        status = _status(job)
        return Text.assemble((status, STATUS_STYLES.get(status, "bold")), f"  progress {job.progress:g}  elapsed")


def _status(job: BatchJob) -> str:
    return clean(job.status or "status unknown")


class _DeadlineColumn(TextColumn):
    def __init__(self, console: Console) -> None:
        super().__init__("")
        self._console = console

    def render(self, task: Task) -> Text:
        job: BatchJob | None = task.fields["job"]
        if job is None or job.job_deadline is None:
            return Text("")
        left = job.job_deadline - self._console.get_datetime().astimezone()
        return Text(
            f" deadline in {timedelta(seconds=int(left.total_seconds()))}" if left > timedelta() else " overdue"
        )


def summary_lines(summary: RunSummary) -> list[str]:
    """What became of a request file, in a few lines for a person."""
    of_all = "" if summary.requests is None else f" of {summary.requests:,}"
    lines = [f"answered  {summary.answered:,}{of_all}"]
    if summary.failed:
        lines.append(f"failed    {sum(summary.failed.values()):,}")
        by_count = sorted(summary.failed.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"          {count:,} {clean(code)}" for code, count in by_count]
    if summary.missing:
        lines.append(f"missing   {summary.missing:,}")
    if summary.unmatched:
        lines.append(f"unmatched {summary.unmatched:,}")
    usage = summary.usage
    lines.append(f"tokens    {usage.total_tokens:,} ({usage.prompt_tokens:,} in, {usage.completion_tokens:,} out)")
    lines.append(f"time      {_duration(summary.elapsed_seconds)}")
    return lines


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))
