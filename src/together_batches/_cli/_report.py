"""The joined results for a person or a program: a preview, rows, lines as they are, or the summary alone."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.text import Text

from .._models import RunSummary
from ._exit import ExitCode, UsageError, ending, of_summary
from ._output import GAP, as_record, emit, is_terminal, plain_table, show_bytes, show_json, show_table
from ._progress import Reporter, summary_lines
from ._text import answer, clean, question, tsv

PREVIEW_ROWS = 10
ID_CELLS = 24
CELL_LINES = 2
STDOUT = "-"


def default_output(requests: Path, *, overwrite: bool) -> str:
    """Where the results of a request file go when nobody says. Raises UsageError when something is there already."""
    output = f"{requests.stem}.results.jsonl"
    if Path(output).exists() and not overwrite:
        raise UsageError(
            f"{output} exists: name another file with -o, or replace it with --overwrite; nothing was sent"
        )
    return output


def check_stdout(output: str | None, *, as_json: bool) -> None:
    """Raises UsageError when two things would have to go to stdout."""
    if output == STDOUT and as_json:
        raise UsageError("-o - and --json both want stdout: choose one")


@contextmanager
def output_path(output: str | None) -> Generator[Path]:
    """The file to write: `output`, or one that is gone afterwards when it is only to be shown."""
    if output is None or output == STDOUT:
        with TemporaryDirectory(prefix="together-batches-") as folder:
            yield Path(folder) / "results.jsonl"
    else:
        yield Path(output)


def show_results(summary: RunSummary, reporter: Reporter, *, output: str | None, as_json: bool) -> ExitCode:
    """Prints what a job gave, rows on stdout and the summary on stderr; the exit code that goes with it."""
    if as_json:
        show_json(as_record(summary) | {"output": output})
    elif output == STDOUT:
        with open(summary.output, "rb") as file:
            show_bytes(file)
    elif is_terminal():
        _preview(summary, output)
    else:
        for row in _rows(summary.output):
            emit("\t".join((tsv(row.get("custom_id") or ""), tsv(_status(row)), tsv(_outcome(row)))))
    if (end := ending(summary.job)) is not None:
        reporter.say(end)
    for line in summary_lines(summary):
        reporter.say(line)
    if output not in {None, STDOUT}:
        reporter.say(f"written to {output}")
    return of_summary(summary)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)


def _preview(summary: RunSummary, output: str | None) -> None:
    joined = summary.requests is not None
    rows = _rows(summary.output)
    first = list(islice(rows, PREVIEW_ROWS))
    ids = [Text(clean(row.get("custom_id") or "")) for row in first]
    for identifier in ids:
        identifier.truncate(ID_CELLS, overflow="ellipsis")
    console = Console(highlight=False)
    id_cells = max([len("custom_id"), *(identifier.cell_len for identifier in ids)])
    cells = max((console.width - id_cells - 2 * GAP) // 2 if joined else console.width - id_cells - GAP, 1)
    table = plain_table("custom_id", *(["question"] if joined else []), "answer")
    for identifier, row in zip(ids, first, strict=True):
        asked = [_cell(question(row["request"]) if "request" in row else "", cells, console)] if joined else []
        table.add_row(identifier, *asked, _cell(_outcome(row), cells, console, style="red" if row["error"] else ""))
    show_table(table)
    if more := sum(1 for _ in rows):
        where = "; -o OUT keeps them all" if output is None else f" in {output}"
        console.print(Text(f"… {more:,} more{where}", style="dim"), soft_wrap=True)


def _cell(text: str, cells: int, console: Console, style: str = "") -> Text:
    """The start of a text, in at most two lines of a number of cells."""
    # Cut first: some texts are megabytes.
    lines = Text(clean(text[: 10 * cells]), style=style).wrap(console, cells, overflow="fold")
    if len(lines) > CELL_LINES:
        lines[CELL_LINES - 1].truncate(cells - 1)
        lines[CELL_LINES - 1].append("…")
    return Text("\n").join(lines[:CELL_LINES])


def _status(row: dict[str, Any]) -> str:
    error = row["error"]
    return (error["code"] or "error") if error else "ok"


def _outcome(row: dict[str, Any]) -> str:
    return row["error"]["message"] if row["error"] else answer(row["response"])
