"""Who answers: the service, when the environment names it, or else a server inside this process."""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen
from rich.console import Console

from .._client import Together
from .._errors import BatchFailedError, CreateOutcomeUnknownError, TogetherError
from .._objects import BatchJob
from ._exit import CommandError, Interrupted
from ._progress import Reporter

if TYPE_CHECKING:
    from ..local import Server


@frozen
class Session:
    """A client, and whether the server it talks to lives in this process."""

    client: Together
    embedded: bool


@contextmanager
def session(stderr: Console) -> Generator[Session]:
    """A client of the service, or of an embedded server when neither key nor base URL is in the environment."""
    if "TOGETHER_API_KEY" in os.environ or "TOGETHER_BASE_URL" in os.environ:
        with Together() as client:
            yield Session(client, embedded=False)
        return
    server_here = embedded_server(data_dir=data_dir())
    stderr.print("no TOGETHER_API_KEY: an embedded server echoes the requests", soft_wrap=True)
    with (
        server_here as server,
        Together(api_key=server.api_key, base_url=server.base_url) as client,
    ):
        yield Session(client, embedded=True)


def embedded_server(
    *, data_dir: Path, port: int = 0, backend: str = "echo", concurrency: int = 8
) -> AbstractContextManager[Server]:
    """`local.serve`. Raises CommandError when its extra is not installed."""
    try:
        from ..local import serve
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{error.name} is not installed: pip install 'together-batches[cli,local]', or set TOGETHER_API_KEY"
        ) from error
    return _started(serve(data_dir=data_dir, port=port, backend=backend, concurrency=concurrency))


@contextmanager
def _started(server: AbstractContextManager[Server]) -> Generator[Server]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(server)
        except ValueError as error:  # its words for an argument that it cannot use
            raise CommandError(str(error)) from error
        yield running


def data_dir() -> Path:
    """Where the embedded server keeps its jobs, so that a later command finds them."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "together-batches" / "local"


@contextmanager
def resumable(reporter: Reporter, this: Session, *, requests: Path | None, output: str | None) -> Generator[None]:
    """Adds to whatever ends the wait for a job how to go on with it; the job itself is left alone."""
    try:
        yield
    except BatchFailedError:
        raise
    except (TogetherError, Interrupted) as error:
        if reporter.job is not None:
            for line in _how_to_resume(reporter.job, this, requests, output):
                error.add_note(line)
        elif reporter.uploaded and isinstance(error, (Interrupted, CreateOutcomeUnknownError)):
            error.add_note("a job may have been created: together-batches ls")
        raise


def _how_to_resume(job: BatchJob, this: Session, requests: Path | None, output: str | None) -> Iterator[str]:
    if not job.is_terminal:
        yield f"job {job.id} goes on" + (" when the next command starts the embedded server" if this.embedded else "")
        yield f"  wait for it:     together-batches watch {shlex.quote(job.id)}"
    collect = ["together-batches", "results", job.id]
    collect += [] if requests is None else ["--requests", str(requests)]
    collect += [] if output is None else ["-o", output]
    yield f"  get its results: {shlex.join(collect)}"
