"""The command as its own process: signals, pipes that close, a real terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import IO, Any

import pytest

from cli.support import EXAMPLES, PATIENCE_SECONDS, Backend
from together_batches import Together, local

PROGRAM = [sys.executable, "-c", "import sys; from together_batches._cli import main; sys.exit(main())"]


@contextmanager
def started(*arguments: str | Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """The command, started; it is not outlived."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        # Buffered, as a command is in a shell, whatever this process was told.
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": ""},
        encoding="utf-8",
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_until(stream: IO[str] | None, pattern: str) -> re.Match[str]:
    """The first match in the lines of a stream."""
    assert stream is not None
    for line in stream:
        if match := re.search(pattern, line):
            return match
    raise AssertionError(f"no line has {pattern}")


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_detaches(
    number: signal.Signals, code: int, word: str, slow: Together, backend: Backend, requests: Path, tmp_path: Path
) -> None:
    """Ctrl-C leaves the job alone and says how to come back to it; so does SIGTERM."""
    out = tmp_path / "out.jsonl"
    with started("run", requests, "-o", out) as process:
        job = read_until(process.stderr, r"^job (\S+)$")[1]
        assert backend.asked.wait(PATIENCE_SECONDS)
        process.send_signal(number)
        printed, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert (code, "") == (process.returncode, printed)
    assert [
        word,
        f"job {job} goes on",
        f"  wait for it:     together-batches watch {job}",
        f"  get its results: together-batches results {job} --requests {requests} -o {out}",
    ] == said.splitlines()[-4:]
    assert "Traceback" not in said
    assert not out.exists()
    backend.answering.set()
    assert "COMPLETED" == slow.batches.wait(job, timeout=PATIENCE_SECONDS).status


def test_a_signal_with_the_embedded_server(
    backend: Backend, requests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the job goes on with the next command, and stderr says so."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    # Whoever has the data first runs the jobs: this process, whose backend does not answer.
    with local.serve(data_dir=tmp_path / "together-batches" / "local", backend=backend.url):
        with started("run", requests, "-o", "-") as process:
            job = read_until(process.stderr, r"^job (\S+)$")[1]
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=PATIENCE_SECONDS)[1]
        backend.answering.set()

    assert 130 == process.returncode
    assert f"job {job} goes on when the next command starts the embedded server\n" in said


def test_an_ignored_signal_stays_ignored(slow: Together, backend: Backend, requests: Path, tmp_path: Path) -> None:
    """A command whose SIGINT is ignored, as behind `nohup` or `&` in a script, is not ended by it."""
    ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731 (a def would be no shorter)
    with started("run", requests, "-o", "-", preexec_fn=ignore) as process:
        read_until(process.stderr, "^job ")
        process.send_signal(signal.SIGINT)
        backend.answering.set()
        printed, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert (0, 3) == (process.returncode, printed.count("\n"))


@pytest.mark.parametrize("arguments", [["-o", "-"], []])
def test_a_pipe_that_closes(
    arguments: list[str], service: Together, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the reader has gone, as `head` goes, the command ends quietly with the exit code of the job."""
    job = service.batches.wait(service.batches.submit(EXAMPLES / "requests.jsonl").id, timeout=PATIENCE_SECONDS).id
    reader, writer = os.pipe()
    with started("results", job, "--requests", EXAMPLES / "requests.jsonl", *arguments, stdout=writer) as process:
        os.close(writer)
        os.close(reader)
        said = process.communicate(timeout=PATIENCE_SECONDS)[1]

    assert 0 == process.returncode
    assert "Traceback" not in said
    assert "Broken" not in said
    assert "answered" in said


@pytest.mark.parametrize("arguments", [["ls"], ["--help"], ["--version"], ["ls", "--json"]])
def test_little_into_a_pipe_that_closes(arguments: list[str], service: Together) -> None:
    """What fits into a buffer meets the closed pipe only at the end, and that is as quiet."""
    reader, writer = os.pipe()
    with started(*arguments, stdout=writer) as process:
        os.close(writer)
        os.close(reader)
        said = process.communicate(timeout=PATIENCE_SECONDS)[1]

    assert "" == said


def on_terminal(*arguments: str | Path, columns: int = 80) -> tuple[int, str]:
    """Runs the command on a terminal of its own and gives its exit code and all that it wrote there."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with started(*arguments, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        written = b""
        try:
            while data := os.read(ours, 65536):
                written += data
        except OSError:  # how Linux says that the other side has closed
            pass
        os.close(ours)
        return process.wait(), written.decode()


@pytest.mark.parametrize("columns", [80, 120])
def test_a_run_on_a_terminal(columns: int, tmp_path: Path, service: Together) -> None:
    """A person sees the bytes go, the job move, the first answers and the summary; the cursor comes back."""
    out = tmp_path / "out.jsonl"

    code, written = on_terminal("run", EXAMPLES / "requests.jsonl", "-o", out, columns=columns)

    assert 0 == code
    count = out.read_text(encoding="utf-8").count("\n")
    cursor = [written.rindex(control) for control in ("\x1b[?25l", "\x1b[?25h")]
    written = re.sub(r"\x1b\[[0-9;]*m", "", written)
    assert "uploading" in written
    assert "elapsed 0:00:0" in written
    assert "deadline in 23:59:" in written
    assert f"… {count - 10} more in {out}" in written
    assert f"answered  {count} of {count}" in written
    assert cursor == sorted(cursor)


def test_no_color(service: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR nothing on the terminal is coloured."""
    job = service.batches.create_batch("file-unknown", "/v1/chat/completions").id
    service.batches.wait(job, timeout=PATIENCE_SECONDS)
    coloured = on_terminal("watch", job)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_terminal("watch", job)

    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    assert (1, 1) == (coloured[0], plain[0])
    assert colour.search(coloured[1])
    assert not colour.search(plain[1])


@pytest.mark.parametrize(("arguments", "number"), [([], signal.SIGINT), (["--json"], signal.SIGTERM)])
def test_serve(arguments: list[str], number: signal.Signals, requests: Path, tmp_path: Path) -> None:
    """`serve` prints what to put into the environment, answers, and ends well when it is told to."""
    with started("serve", "--data", tmp_path / "data", *arguments) as process:
        assert process.stdout is not None
        printed = process.stdout.readline() + ("" if arguments else process.stdout.readline())
        base_url = re.search(r"http://127\.0\.0\.1:\d+/v1", printed)
        key = re.search(r'TOGETHER_API_KEY(?:=|": ")([^"\s]+)', printed)
        assert base_url
        assert key
        with Together(api_key=key[1], base_url=base_url[0]) as client:
            job = client.batches.wait(client.batches.submit(requests).id, timeout=PATIENCE_SECONDS)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert "COMPLETED" == job.status
    assert 0 == process.returncode
    assert f"serving, data in {tmp_path / 'data'}; Ctrl-C to stop\n" == said


def test_a_port_in_use(echo: local.Server) -> None:
    """A port that is taken is an error in one line."""
    port = echo.base_url.split(":")[2].partition("/")[0]

    with started("serve", "--port", port) as process:
        _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert 1 == process.returncode
    assert said.startswith("error: ")
    assert "Traceback" not in said
