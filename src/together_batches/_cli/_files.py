"""The commands under `files`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._options import FileId, Json, stderr
from ._output import as_record, emit, show_bytes, show_json, show_record, show_records
from ._progress import Reporter
from ._report import STDOUT, check_stdout, output_path
from ._session import session

files = typer.Typer(help="The files that the service holds.", no_args_is_help=True, rich_markup_mode=None)

FILE_COLUMNS = ("id", "filename", "bytes", "purpose", "created_at")


@files.command()
def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The file to upload.")],
    *,
    purpose: Annotated[str, typer.Option(help="What the file is for.")] = "batch-api",
    as_json: Json = False,
) -> None:
    """Upload FILE and show what the service holds."""
    console = stderr()
    with session(console) as this, Reporter(console) as reporter:
        uploaded = this.client.files.upload(file, purpose=purpose, on_progress=reporter.upload)
        reporter.stop()
        show_record(as_record(uploaded), as_json=as_json)


@files.command()
def ls(*, as_json: Json = False) -> None:
    """List all files."""
    with session(stderr()) as this:
        held = [as_record(file) for file in this.client.files.list()]
        show_records(held, FILE_COLUMNS, as_json=as_json)


@files.command()
def get(file: FileId, *, as_json: Json = False) -> None:
    """Show what the service knows of a file."""
    with session(stderr()) as this:
        show_record(as_record(this.client.files.retrieve(file)), as_json=as_json)


@files.command()
def download(
    file: FileId,
    *,
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT", help="Write there; - is stdout.")] = STDOUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written where; needs -o.")] = False,
) -> None:
    """Fetch the content of a file."""
    check_stdout(output, as_json=as_json)
    console = stderr()
    with session(console) as this, Reporter(console) as reporter, output_path(output) as path:
        this.client.files.retrieve_content(file, output=path, on_progress=reporter.download)
        reporter.stop()
        if as_json:
            show_json({"id": file, "output": output, "bytes": path.stat().st_size})
        elif output == STDOUT:
            with open(path, "rb") as content:
                show_bytes(content)
        else:
            emit(output)


@files.command()
def rm(file: FileId, *, as_json: Json = False) -> None:
    """Delete a file."""
    with session(stderr()) as this:
        show_record(as_record(this.client.files.delete(file)), as_json=as_json)
