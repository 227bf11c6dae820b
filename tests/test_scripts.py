"""scripts/install makes the environment when it must, does nothing when it need not, and never trusts a half of one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from house import ROOT

TOOLS = ("sh", "dirname", "cksum", "cat", "rm", "mkdir", "cp", "chmod")

# Stands for Python and for pip: it writes down what it is asked to do, and makes an environment with itself in it.
PYTHON = """#!/bin/sh
echo "$*" >>calls
case "$*" in
  -c*) exit {old} ;;
  "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *" install "*-r*) [ ! -e broken ] ;;
  --version) echo "Python 3.99.0" ;;
esac
"""


class Tree:
    """A folder with scripts/install and what it reads, and a PATH that has nothing but a few tools on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in TOOLS:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/install", folder / "scripts/install")
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        shutil.copy(ROOT / "pyproject.toml", folder)

    def python(self, name: str = "python3", *, old: bool = False) -> None:
        """Puts a Python on the PATH."""
        (self.bin / name).write_text(PYTHON.format(old=int(old)))
        (self.bin / name).chmod(0o755)

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs scripts/install."""
        return subprocess.run(
            ["scripts/install", *arguments],
            cwd=self.folder,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
        )

    def calls(self) -> list[str]:
        """What Python was asked to do since the last look, but for looks at its version."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [re.sub(r"-m pip .* install ", "pip ", line) for line in lines if not line.startswith(("-c", "--ver"))]


FRESH = [
    "-m venv --clear .venv",
    "pip --require-hashes --no-deps -r requirements/run.txt",
    "pip --no-deps --no-build-isolation --no-index --editable .",
]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree with a Python and no environment."""
    made = Tree(tmp_path)
    made.python()
    return made


def test_an_environment_is_made_from_the_lock(tree: Tree) -> None:
    """The first run installs the lock, checked by hash, and the project without a look at an index; it says so."""
    done = tree.install("run")
    assert (0, "install: made .venv for run with Python 3.99.0\n") == (done.returncode, done.stderr)
    assert FRESH == tree.calls()


def test_a_whole_environment_is_left_alone(tree: Tree) -> None:
    """The second run starts no Python and says that all is there."""
    tree.install("run")
    tree.calls()
    done = tree.install("run")
    assert (0, "install: .venv is up to date (run)\n") == (done.returncode, done.stderr)
    assert [] == tree.calls()


def test_the_tools_come_with_all_that_a_run_needs(tree: Tree) -> None:
    """An environment for development serves for a run, not the other way round."""
    tree.install("run")
    assert "made .venv for dev" in tree.install("dev").stderr
    assert "up to date (dev)" in tree.install("run").stderr


def test_an_interrupted_install_is_not_taken_for_whole(tree: Tree) -> None:
    """When pip fails half-way the script fails, and the next run begins anew."""
    (tree.folder / "broken").touch()
    assert 0 != tree.install("run").returncode
    (tree.folder / "broken").unlink()
    tree.calls()
    assert 0 == tree.install("run").returncode
    assert FRESH == tree.calls()


@pytest.mark.parametrize("change", ["lock", "place"])
def test_an_outdated_or_moved_environment_is_made_anew(tree: Tree, change: str) -> None:
    """A changed lock, or another place of the folder, is a reason to begin anew."""
    tree.install("run")
    tree.calls()
    if change == "lock":
        (tree.folder / "requirements/run.txt").write_text("attrs==1\n")
    else:
        stamp = tree.folder / ".venv/installed"
        stamp.write_text(stamp.read_text().replace(str(tree.folder), "/elsewhere"))
    assert 0 == tree.install("run").returncode
    assert FRESH == tree.calls()


def test_a_change_of_the_project_installs_the_project_alone(tree: Tree) -> None:
    """Another pyproject.toml over the same lock costs no new environment."""
    tree.install("run")
    tree.calls()
    with (tree.folder / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert 0 == tree.install("run").returncode
    assert FRESH[-1:] == tree.calls()


def test_an_old_python_is_passed_over(tree: Tree) -> None:
    """A python3 that is too old is no obstacle when a newer one is there under its own name."""
    tree.python("python3", old=True)
    tree.python("python3.12")
    assert 0 == tree.install("run").returncode
    assert FRESH == tree.calls()


def test_without_a_python_the_message_says_what_to_get(tree: Tree) -> None:
    """With no Python, or only an old one, the script says which it needs and where one comes from."""
    tree.python("python3", old=True)
    done = tree.install("run")
    assert 1 == done.returncode
    assert "no Python 3.11 or newer" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (tree.folder / ".venv").exists()


def test_another_word_is_a_usage_error(tree: Tree) -> None:
    """Only run and dev are known."""
    assert 2 == tree.install("prod").returncode
