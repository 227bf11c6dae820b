"""What goes to stdout, the data: a table on a terminal, tab-separated rows in a pipe, JSON on demand."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any

import attrs
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from .._models import Usage
from .._objects import BatchJob
from ._text import clean, compact_json, tsv

Record = Mapping[str, Any]

# Cells between two columns of a table, and the most that one takes in a list, unless it is the first: the id.
GAP = 2
LIST_CELLS = 24


def as_record(value: attrs.AttrsInstance) -> dict[str, Any]:
    """A value of the library as the mapping that is shown: the service's fields in the service's words."""
    record = attrs.asdict(value, recurse=False)
    return record | dict(record.pop("extra", {}))


def tolerant_streams() -> None:
    """Lets stdout and stderr show what their encoding lacks as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def show_json(value: Any) -> None:
    """Prints `value` as JSON: one line for a program, indented for a person."""
    emit(json.dumps(value, default=_plain, ensure_ascii=False, indent=2 if is_terminal() else None))


def show_record(record: Record, *, as_json: bool) -> None:
    """Prints one record: JSON, or a row for each field; those that are not set only in a pipe."""
    if as_json:
        show_json(record)
    elif is_terminal():
        table = plain_table()
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in record.items():
            if value is not None:
                table.add_row(name, _human(name, value))
        show_table(table)
    else:
        for name, value in record.items():
            emit(f"{name}\t{tsv(_raw(value))}")


def show_records(records: Sequence[Record], columns: Sequence[str], *, as_json: bool) -> None:
    """Prints a list: JSON with all fields, or the `columns`, the last of which give way on a narrow terminal."""
    if as_json:
        show_json(records)
    elif is_terminal():
        rows = [[_human(name, record.get(name)) for name in columns] for record in records]
        for row in rows:
            for cell in row[1:]:
                cell.truncate(LIST_CELLS, overflow="ellipsis")
        fitting = _fitting(columns, rows, Console().width)
        table = plain_table(*columns[:fitting])
        for row in rows:
            table.add_row(*row[:fitting])
        show_table(table)
    else:
        for record in records:
            emit("\t".join(tsv(_raw(record.get(name))) for name in columns))


def plain_table(*columns: str) -> Table:
    """A table without lines; the names of its columns, if any, are its head."""
    table = Table(box=None, pad_edge=False, show_header=bool(columns), header_style="bold", padding=(0, GAP, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold", justify="right" if name in {"bytes", "progress"} else "left")
    return table


def show_table(table: Table) -> None:
    """Prints a table on the terminal."""
    Console(highlight=False).print(table)


def show_bytes(source: IO[bytes]) -> None:
    """Copies `source` to stdout as it is."""
    try:
        sys.stdout.flush()
        shutil.copyfileobj(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _discard()


def emit(line: str) -> None:
    """Prints a line; when nobody reads any more, as after `| head`, it goes nowhere and the command goes on."""
    try:
        print(line)
    except BrokenPipeError:
        _discard()


def flush() -> None:
    """Sees to it that all that was printed has been read, or never will be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()


def _discard() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fitting(columns: Sequence[str], rows: Iterable[Sequence[Text]], width: int) -> int:
    """How many of the columns stand side by side in `width` cells, at least one."""
    widths = [len(name) for name in columns]
    for row in rows:
        widths = [max(known, cell.cell_len) for known, cell in zip(widths, row, strict=True)]
    total, count = 0, 0
    for known in widths:
        total += known + (GAP if count else 0)
        if total > width:
            break
        count += 1
    return max(count, 1)


def _human(name: str, value: Any) -> Text:
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, datetime):
        return Text(f"{value.astimezone():%Y-%m-%d %H:%M}")
    if name in {"bytes", "file_size_bytes"} and isinstance(value, int):
        return Text(decimal(value))
    if isinstance(value, float):
        return Text(f"{value:g}")
    return Text(clean(_raw(value)), style=STATUS_STYLES.get(value, "") if name == "status" else "")


STATUS_STYLES = {"COMPLETED": "green", "FAILED": "red", "EXPIRED": "yellow", "CANCELLED": "yellow"}


def _raw(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    return plain if isinstance(plain, str) else compact_json(plain)


def _plain(value: Any) -> Any:
    """What JSON can hold for `value`."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return as_record(value) if isinstance(value, (BatchJob, Usage)) else value
