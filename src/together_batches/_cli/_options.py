"""The arguments and options that several commands share, each with its one line of help."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from attrs import define
from rich.console import Console

from .._objects import BatchEndpoint

RequestFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Requests, one JSON object a line.")
]
JobId: TypeAlias = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.")]
FileId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The id of a file.")]
Endpoint: TypeAlias = Annotated[str, typer.Option(metavar="PATH", help="The endpoint that answers the requests.")]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0, help="Wait no longer; the job goes on.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonSummary: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the summary alone, as JSON.")]

CHAT = str(BatchEndpoint.CHAT_COMPLETIONS)


@define
class Settings:
    """What was said before the name of the command."""

    debug: bool = False


def stderr() -> Console:
    """Where progress goes; moving lines only for a terminal."""
    return Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty())
