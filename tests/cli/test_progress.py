from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import attrs
from rich.console import Console

from together_batches._cli._progress import Reporter, summary_lines
from together_batches._models import RunSummary, Usage
from together_batches._objects import BatchJob, BatchJobStatus

NOW = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
JOB = BatchJob(
    id="job-1",
    status=BatchJobStatus.VALIDATING,
    job_deadline=datetime(2025, 3, 5, 11, 59, 30, tzinfo=UTC),
    warning="tokens\nare short",
)
RUNNING = attrs.evolve(JOB, status=BatchJobStatus.IN_PROGRESS, progress=42.5)
ENDED = attrs.evolve(JOB, status=BatchJobStatus.COMPLETED, progress=100.0)


def console(*, terminal: bool, width: int = 80) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return (
        Console(
            file=file,
            force_terminal=terminal,
            width=width,
            highlight=False,
            color_system=None,
            get_datetime=lambda: NOW,
        ),
        file,
    )


def test_steps_are_lines_when_stderr_is_no_terminal() -> None:
    """In a log each step is one line, said once, and nothing moves."""
    shown, file = console(terminal=False)

    with Reporter(shown) as reporter:
        reporter.upload(500, 1500)
        reporter.upload(1500, 1500)
        reporter.upload(1500, 1500)
        reporter.update(JOB)
        reporter.update(JOB)
        reporter.update(RUNNING)
        reporter.update(ENDED)
        reporter.download(10, 0)

    assert [
        "uploaded 1.5 kB",
        "job job-1",
        "warning: tokens are short",
        "VALIDATING, progress 0",
        "IN_PROGRESS, progress 42.5",
        "COMPLETED, progress 100",
    ] == file.getvalue().splitlines()


def test_a_terminal_shows_bytes_then_the_job_in_one_moving_line() -> None:
    """The line names bytes while they go, then status, progress as sent, elapsed and the time to the deadline."""
    shown, file = console(terminal=True)

    with Reporter(shown) as reporter:
        reporter.upload(500, 1500)
        reporter.upload(1500, 1500)
        reporter.update(JOB)
        reporter.update(RUNNING)
        assert "IN_PROGRESS  progress 42.5  elapsed 0:00:00  deadline in 23:59:30" in file.getvalue()
        reporter.update(ENDED)
        reporter.download(700, 0)
        reporter.download(1400, 1400)

    out = file.getvalue()
    assert "uploading" in out
    assert "1.5/1.5 kB" in out
    assert "downloading" in out
    assert reporter.job == ENDED
    # The cursor is given back.
    assert out.count("\x1b[?25h") == out.count("\x1b[?25l") > 0


def test_the_line_fits_80_columns() -> None:
    """The longest status and a deadline do not wrap."""
    shown, file = console(terminal=True)

    with Reporter(shown) as reporter:
        reporter.update(RUNNING)

    lines = [line for line in file.getvalue().splitlines() if "IN_PROGRESS" in line]
    assert lines
    assert all("deadline in 23:59:30" in line for line in lines)


def test_a_job_of_which_little_is_known() -> None:
    """Without status and deadline the line says so; a deadline that has passed is overdue."""
    shown, file = console(terminal=True)

    with Reporter(shown) as reporter:
        reporter.update(BatchJob(id="job-2"))
        reporter.update(attrs.evolve(RUNNING, job_deadline=NOW))

    assert "status unknown  progress 0" in file.getvalue()
    assert "overdue" in file.getvalue()


def test_an_unknown_status_is_said_in_a_log() -> None:
    """A job without a status is told of as such."""
    shown, file = console(terminal=False)

    with Reporter(shown) as reporter:
        reporter.update(BatchJob(id="job-2"))
        reporter.update(BatchJob(id="job-2", status=BatchJobStatus("HIBERNATING")))

    assert ["job job-2", "status unknown, progress 0", "HIBERNATING, progress 0"] == file.getvalue().splitlines()


def test_summary_names_all_that_is_not_an_answer() -> None:
    """Answered of all, failed by code, missing, unmatched, tokens and time; what is zero is left out."""
    summary = RunSummary(
        job=ENDED,
        output=Path("out"),
        requests=20_000,
        answered=2_299,
        failed={"rate_limit": 1, "bad\x1brequest": 17_000},
        missing=700,
        unmatched=2,
        usage=Usage(prompt_tokens=1_000, completion_tokens=234, total_tokens=1_234),
        elapsed_seconds=3_725.4,
    )

    assert [
        "answered  2,299 of 20,000",
        "failed    17,001",
        "          17,000 badrequest",
        "          1 rate_limit",
        "missing   700",
        "unmatched 2",
        "tokens    1,234 (1,000 in, 234 out)",
        "time      1:02:05",
    ] == summary_lines(summary)
    assert ["answered  5", "tokens    0 (0 in, 0 out)", "time      1.5 s"] == summary_lines(
        RunSummary(job=ENDED, output=Path("out"), answered=5, elapsed_seconds=1.5)
    )
