"""The command `together-batches`: arguments, one call of the library, and what it answers, printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

MISSING_EXTRA = "error: {name} is not installed: pip install 'together-batches[cli,local]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with `arguments` (`sys.argv` without) and returns its exit code."""
    # The base install has no typer and no rich, yet it has this script.
    try:
        from ._app import run_command
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in {"typer", "rich"}:
            raise
        print(MISSING_EXTRA.format(name=name), file=sys.stderr)
        return 1
    return run_command(arguments)
