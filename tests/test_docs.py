"""The documents are true: their Python runs, their commands run, their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from house import ROOT
from together_batches import local

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "scripts/README.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
COMMAND = Path(sys.executable).with_name("together-batches")


@pytest.fixture(scope="module")
def server() -> Iterator[local.Server]:
    """A server for the Python of all documents."""
    with local.serve() as running:
        yield running


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it who follows a document: the examples in it, a home of its own."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    monkeypatch.delenv("TOGETHER_BASE_URL", raising=False)
    return tmp_path


def _examples(path: Path, *parsers: CodeBlockParser | PythonCodeBlockParser) -> list[Example]:
    return list(Sybil(parsers=parsers).parse(path).examples())


def _with(language: str) -> list[Path]:
    return [path for path in DOCUMENTS if f"```{language}\n" in path.read_text()]


@pytest.mark.parametrize("path", _with("python"), ids=lambda path: path.name)
def test_python_blocks_run(path: Path, reader: Path, server: local.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a document runs, top to bottom, against the embedded server."""
    monkeypatch.setenv("TOGETHER_API_KEY", server.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", server.base_url)
    # Between two looks at a job a reader waits seconds, the tests do not.
    monkeypatch.setattr("together_batches._wait.FIRST_POLL_SECONDS", 0.01)
    monkeypatch.setattr("together_batches._wait.LAST_POLL_SECONDS", 0.01)
    examples = _examples(path, PythonCodeBlockParser())
    assert examples != []
    for example in examples:
        example.evaluate()


@pytest.mark.parametrize("path", _with("sh"), ids=lambda path: path.name)
def test_shell_blocks_run(path: Path, reader: Path) -> None:
    """Each line of a shell block is a command of ours; it runs, or is a script that is there and can be run.

    What a text block after it shows is told by it, in that order, but for what differs from run to run.
    """
    told = ""

    def run(example: Example) -> None:
        nonlocal told
        told = "".join(_evaluate(shlex.split(line, comments=True)) for line in example.parsed.splitlines())

    def compare(example: Example) -> None:
        if not told:  # a picture, not an output
            return
        lines = iter(_steady(told).splitlines())
        assert [] == [line for line in _steady(example.parsed).splitlines() if line not in lines], told

    examples = _examples(path, CodeBlockParser("sh", run), CodeBlockParser("text", compare))
    assert examples != []
    for example in examples:
        example.evaluate()


def _steady(output: str) -> str:
    """An output without what differs from run to run: ids, times."""
    for pattern in (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"time +\S+"):
        output = re.sub(pattern, "…", output)
    return output


def _evaluate(words: list[str]) -> str:
    if not words:
        return ""
    program, *arguments = words
    if program.startswith("./scripts/"):
        assert os.access(ROOT / program, os.X_OK), program
        subprocess.run(["sh", "-n", ROOT / program], check=True)
        return ""
    assert "together-batches" == program, words
    return _serve(arguments) if arguments[:1] == ["serve"] else _finish(arguments)


def _finish(arguments: list[str]) -> str:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True)
    assert 0 == done.returncode, (arguments, done.stderr)
    return done.stderr


def _serve(arguments: list[str]) -> str:
    """Starts a server, waits until it says where it is, and interrupts it."""
    with subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        told = server.stdout.readline()
        while told and "http://127.0.0.1:" not in told:
            told = server.stdout.readline()
        assert "http://127.0.0.1:" in told
        server.send_signal(signal.SIGINT)
        server.stdout.read()
    assert server.returncode in {0, 130}
    return told


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project as its scripts see it, with the environment that is in use for .venv and nothing to install."""
    folder = tmp_path / "tree"
    (folder / "scripts").mkdir(parents=True)
    for script in ("demo", "docs"):
        (folder / "scripts" / script).symlink_to(ROOT / "scripts" / script)
    (folder / "scripts/install").symlink_to(str(shutil.which("true")))
    for name in ("examples", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def test_the_demo_runs(reader: Path, tree: Path) -> None:
    """The first command of the README answers all of the examples and shows some answers beside their questions."""
    done = subprocess.run([tree / "scripts/demo", "answers.jsonl"], cwd=tree, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    count = len((tree / "examples/requests.jsonl").read_text().splitlines())
    assert count >= 200
    assert count == len((tree / "answers.jsonl").read_text().splitlines())
    assert f"{count} answers beside their questions" in done.stdout
    assert 4 == done.stdout.count("asked:") == done.stdout.count("answered:")
    assert not (reader / "state").exists()


def test_the_page_of_the_command_is_fresh(tree: Path) -> None:
    """docs/cli.md is what the command's help gives."""
    done = subprocess.run([tree / "scripts/docs", "--check"], capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_stale_page_is_told_and_rewritten(tree: Path) -> None:
    """A page that differs by a word from what the command's help gives fails the check; writing it mends that."""
    page = tree / "docs/cli.md"
    fresh = page.read_text()
    page.write_text(fresh.replace("batch", "heap", 1))
    stale = subprocess.run([tree / "scripts/docs", "--check"], capture_output=True, text=True)
    assert 1 == stale.returncode
    assert "run scripts/docs" in stale.stderr
    subprocess.run([tree / "scripts/docs"], check=True, capture_output=True)
    assert fresh == page.read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """A link to another file of the project names one that is there."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())
    assert [] == [target for target in targets if not (path.parent / target).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_blocks_name_a_language_that_is_tested(path: Path) -> None:
    """No code block escapes the tests: each is Python, shell or, for what is no code, text."""
    openings = re.findall(r"^ *```(.*)$", path.read_text(), re.M)[::2]
    assert set() == set(openings) - {"python", "sh", "text"}


def test_scripts_are_listed() -> None:
    """scripts/README.md has a line for each script and no other."""
    listed = re.findall(r"^- `scripts/([\w-]+)", (ROOT / "scripts/README.md").read_text(), re.M)
    there = [path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix != ".md"]
    assert sorted(there) == sorted(listed)


def test_contributing_is_short() -> None:
    """CONTRIBUTING.md can be read in one go."""
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 80
