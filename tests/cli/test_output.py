from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from together_batches._cli._output import as_record, emit, show_record, show_records, tolerant_streams
from together_batches._objects import BatchJob, BatchJobStatus, FileObject

CREATED = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
JOB = BatchJob(
    id="job-1", status=BatchJobStatus("HIBERNATING"), progress=12.5, created_at=CREATED, extra={"project_id": "p\t1"}
)


def test_json_has_the_raw_values_of_all_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is one line with what the service said: an unknown status, an unknown field, times in UTC, nulls."""
    show_record(as_record(JOB), as_json=True)

    out = capsys.readouterr().out
    shown = json.loads(out)
    assert 1 == out.count("\n")
    assert ("HIBERNATING", 12.5, "p\t1", "2025-03-04T05:06:07Z", None) == (
        shown["status"],
        shown["progress"],
        shown["project_id"],
        shown["created_at"],
        shown["output_file_id"],
    )


def test_a_record_in_a_pipe_is_a_row_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, tab, value; empty where the service said nothing."""
    show_record(as_record(JOB), as_json=False)

    rows = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert ("job-1", "12.5", "2025-03-04T05:06:07Z", "", "p\\t1") == (
        rows["id"],
        rows["progress"],
        rows["created_at"],
        rows["error"],
        rows["project_id"],
    )


def test_a_record_on_a_terminal_leaves_out_what_is_not_set(screen: Callable[[], str]) -> None:
    """A person sees the fields that say something, times in the local zone."""
    show_record(as_record(JOB), as_json=False)

    out = screen()
    assert "HIBERNATING" in out
    assert f"{CREATED.astimezone():%Y-%m-%d %H:%M}" in out
    assert "output_file_id" not in out


def test_json_on_a_terminal_is_indented(screen: Callable[[], str]) -> None:
    """A person gets a field a line."""
    show_record({"id": "x"}, as_json=True)

    assert '{\n  "id": "x"\n}\n' == screen()


def test_a_list_in_a_pipe_has_the_columns_and_no_header(capsys: pytest.CaptureFixture[str]) -> None:
    """Each record is a row of raw values, tab-separated."""
    show_records([as_record(JOB), {"id": "job-2"}], ("id", "status", "progress"), as_json=False)

    assert "job-1\tHIBERNATING\t12.5\njob-2\t\t\n" == capsys.readouterr().out


@pytest.mark.parametrize(("columns", "expected"), [("30", False), ("120", True)])
def test_a_list_drops_the_last_columns_that_do_not_fit(
    columns: str, expected: bool, screen: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a narrow terminal a row stays on one line and the last columns go."""
    monkeypatch.setenv("COLUMNS", columns)
    file: dict[str, Any] = as_record(FileObject(id="file-0123456789", filename="a b\x1b.jsonl", bytes=1_500_000))

    show_records([file], ("id", "filename", "bytes", "purpose"), as_json=False)

    out = screen()
    assert expected == ("1.5 MB" in out)
    assert "file-0123456789" in out
    assert "\x1b" not in out
    assert 2 == out.count("\n")


def test_a_single_column_is_shown_however_narrow(screen: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first column folds rather than go."""
    monkeypatch.setenv("COLUMNS", "8")

    show_records([{"id": "0123456789ab"}], ("id",), as_json=False)

    assert ["id", "01234567", "89ab"] == [line.strip() for line in screen().splitlines()]


def test_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in a pipe, an empty array as JSON."""
    show_records([], ("id",), as_json=False)
    show_records([], ("id",), as_json=True)

    assert "[]\n" == capsys.readouterr().out


def test_an_encoding_that_lacks_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that stdout cannot encode is shown as an escape; a stream that is no text stream is left alone."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    tolerant_streams()
    emit("señor")

    assert b"se\\xf1or\n" == written.getvalue()
