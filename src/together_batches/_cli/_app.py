"""The commands: each names its arguments, makes one call of the library, and prints what came."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from .._client import __version__
from ._exit import ExitCode, Interrupted, ending, interruptible, of_error, of_job, words
from ._files import files
from ._options import CHAT, Endpoint, JobId, Json, JsonSummary, RequestFile, Settings, Timeout, stderr
from ._output import as_record, emit, flush, show_json, show_record, show_records, tolerant_streams
from ._progress import Reporter
from ._report import check_stdout, default_output, output_path, show_results
from ._session import data_dir, embedded_server, resumable, session

app = typer.Typer(
    name="together-batches",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(files, name="files")

JOB_COLUMNS = ("id", "status", "progress", "created_at", "endpoint", "job_deadline")


def run_command(arguments: Sequence[str] | None) -> int:
    """The exit code of the command that `arguments` name, `sys.argv` without."""
    tolerant_streams()
    settings = Settings()
    code: int = ExitCode.DONE
    with interruptible():
        try:
            app(arguments, prog_name="together-batches", obj=settings)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else code
        except (Interrupted, Exception) as error:
            if settings.debug and not isinstance(error, Interrupted):
                raise
            stderr().print(words(error), markup=False, soft_wrap=True)
            code = of_error(error)
        finally:
            flush()
    return code


def _show_version(wanted: bool) -> None:
    if wanted:
        emit(f"together-batches {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def together_batches(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run files of requests as 24-hour batch jobs on Together AI.

    The key is read from TOGETHER_API_KEY, the service's address from TOGETHER_BASE_URL.
    With neither set, a server inside the command echoes the requests, so that you can try everything;
    it keeps its jobs in ~/.local/state/together-batches.

    Data goes to stdout, progress to stderr: a table on a terminal, tab-separated rows in a pipe
    (\\t, \\n and \\\\ stand for tab, newline and backslash), or --json.

    Exit codes: 0 all answered, 1 error, 2 usage, 3 some requests failed or are missing, 4 not finished,
    5 expired or cancelled, 130 interrupted.
    """
    context.ensure_object(Settings).debug = debug
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
def run(
    file: RequestFile,
    *,
    endpoint: Endpoint = CHAT,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="Write there; - is stdout.  [default: FILE.results.jsonl]"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the default OUT if it exists.")] = False,
    timeout: Timeout = None,
    as_json: JsonSummary = False,
) -> None:
    """Upload FILE, create a job, wait, and join the answers to FILE.

    \b
    Example: together-batches run requests.jsonl -o answers.jsonl

    OUT holds one JSON object for each request, in the order of FILE: custom_id, request, status_code, response, error.
    Shown are the first answers on a terminal, and custom_id, status and answer of all in a pipe.
    Ctrl-C leaves the job alone and says how to come back to it.
    """
    check_stdout(output, as_json=as_json)
    output = output or default_output(file, overwrite=overwrite)
    console = stderr()
    with session(console) as this, Reporter(console) as reporter, output_path(output) as path:
        with resumable(reporter, this, requests=file, output=output):
            summary = this.client.batches.run(
                file,
                output=path,
                endpoint=endpoint,
                timeout=timeout,
                on_upload=reporter.upload,
                on_update=reporter.update,
                on_download=reporter.download,
            )
        reporter.stop()
        code = show_results(summary, reporter, output=output, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def submit(file: RequestFile, *, endpoint: Endpoint = CHAT, as_json: Json = False) -> None:
    """Upload FILE and create a job; do not wait for it."""
    console = stderr()
    with session(console) as this, Reporter(console) as reporter:
        with resumable(reporter, this, requests=file, output=None):
            job = this.client.batches.submit(file, endpoint=endpoint, on_upload=reporter.upload)
        reporter.stop()
        show_record(as_record(job), as_json=as_json)


@app.command()
def get(job: JobId, *, as_json: Json = False) -> None:
    """Show a job as it is now."""
    with session(stderr()) as this:
        show_record(as_record(this.client.batches.get_batch(job)), as_json=as_json)


@app.command()
def ls(*, as_json: Json = False) -> None:
    """List all jobs."""
    with session(stderr()) as this:
        jobs = [as_record(job) for job in this.client.batches.list_batches()]
        show_records(jobs, JOB_COLUMNS, as_json=as_json)


@app.command()
def watch(job: JobId, *, timeout: Timeout = None, as_json: Json = False) -> None:
    """Wait until a job has ended, and show it."""
    console = stderr()
    with session(console) as this, Reporter(console) as reporter:
        with resumable(reporter, this, requests=None, output=None):
            ended = this.client.batches.wait(job, timeout=timeout, on_update=reporter.update)
        show_record(as_record(ended), as_json=as_json)
        if (end := ending(ended)) is not None:
            reporter.say(end)
    raise typer.Exit(of_job(ended))


@app.command()
def results(
    job: JobId,
    *,
    requests: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Join the answers to these, in their order."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Write there, as JSON lines; - is stdout.")
    ] = None,
    as_json: JsonSummary = False,
) -> None:
    """Fetch the answers of a job that has ended."""
    check_stdout(output, as_json=as_json)
    console = stderr()
    with session(console) as this, Reporter(console) as reporter, output_path(output) as path:
        summary = this.client.batches.collect(job, output=path, requests=requests, on_download=reporter.download)
        reporter.stop()
        code = show_results(summary, reporter, output=output, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def cancel(job: JobId, *, as_json: Json = False) -> None:
    """Cancel a job.

    What it has answered can still be fetched, and is billed.
    """
    with session(stderr()) as this:
        show_record(as_record(this.client.batches.cancel_batch(job)), as_json=as_json)


@app.command()
def serve(
    *,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 0,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Keep jobs and files there.  [default: the other commands' server's]"
        ),
    ] = None,
    backend: Annotated[
        str, typer.Option(metavar="echo|URL", help="Echo the requests, or ask an OpenAI-compatible server.")
    ] = "echo",
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, help="Requests in flight at the backend.")] = 8,
    as_json: Json = False,
) -> None:
    """Serve the Batches API on this machine until Ctrl-C.

    \b
    Example: together-batches serve --port 8000 --backend http://127.0.0.1:11434/v1
    """
    data = data or data_dir()
    server_there = embedded_server(data_dir=data, port=port, backend=backend, concurrency=concurrency)
    # A signal is how a server is meant to end.
    with suppress(Interrupted), server_there as server:
        settings = {"TOGETHER_BASE_URL": server.base_url, "TOGETHER_API_KEY": server.api_key}
        if as_json:
            show_json(settings)
        else:
            for name, value in settings.items():
                emit(f"export {name}={value}")
        flush()
        stderr().print(f"serving, data in {data}; Ctrl-C to stop", soft_wrap=True)
        # Not one long wait: a signal that comes just before it would not end it.
        while not server.wait(timeout=0.5):
            pass
