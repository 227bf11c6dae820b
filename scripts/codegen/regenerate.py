"""Writes the generated client from the contract, or tells which of its files are not what the contract gives.

The tree depends on the contract, this folder and the two pinned tools alone: it is generated and formatted in a
temporary folder, by tools that are told to look at no configuration.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from template_edits import EDITS, Edit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = "together_lowlevel"
GENERATOR, FORMATTER = "openapi-python-client", "ruff"
# Its own hooks are off: they are run here, where they cannot be skipped and see no other settings.
CONFIG = f"package_name_override: {PACKAGE}\npost_hooks: []\n"
RUFF = ("--isolated", "--no-cache", "--no-respect-gitignore", "--quiet", "--target-version", "py311")


class Failure(Exception):
    """The tree cannot be made; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/regenerate", description="Writes generated/ from openapi.yaml.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail and name the files that are stale")
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", metavar="FILE", help="the contract")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "generated", metavar="DIR", help=f"the folder of {PACKAGE}"
    )
    options = parser.parse_args(arguments)
    target: Path = options.output / PACKAGE
    try:
        check_tools((ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as scratch:
            tree = build(options.spec.resolve(), Path(scratch).resolve())
            if options.check:
                return report(differences(tree, target), target)
            if target.exists():
                shutil.rmtree(target)
            shutil.copytree(tree, target)
    except (Failure, OSError) as failure:
        print(f"regenerate: {failure}", file=sys.stderr)
        return 1
    print(f"regenerate: wrote {target}")
    return 0


def check_tools(lock: str) -> None:
    """Raises Failure unless the generator and the formatter are of the very versions that `lock` names."""
    for tool in (GENERATOR, FORMATTER):
        pinned = re.search(rf"^{re.escape(tool)}==([^\s;\\]+)", lock, re.MULTILINE)
        if pinned is None:
            raise Failure(f"requirements/dev.txt pins no {tool}: add it to pyproject.toml, then run scripts/lock")
        try:
            found = version(tool)
        except PackageNotFoundError:
            found = "none"
        if found != pinned[1]:
            raise Failure(f"{tool} {pinned[1]} is needed, {sys.executable} has {found}: run scripts/install dev")


def build(spec: Path, scratch: Path, edits: Iterable[Edit] = EDITS) -> Path:
    """Makes the package in the empty folder `scratch`, as the contract `spec` gives it; returns where."""
    templates, tree, config = scratch / "templates", scratch / "out" / PACKAGE, scratch / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    tree.parent.mkdir()
    write_templates(installed_templates(), templates, edits)
    run(
        *("openapi_python_client", "generate", "--path", spec, "--output-path", tree, "--meta", "none"),
        *("--config", config, "--custom-template-path", templates, "--fail-on-warning"),
        cwd=scratch,
    )
    (tree / "py.typed").touch()
    shutil.copyfile(HERE / "tolerant.py", tree / "tolerant.py")
    # From above the package: its own modules must not be taken for top-level ones when imports are sorted.
    run("ruff", "check", *RUFF, "--select", "F401,F811,I,UP", "--fix-only", PACKAGE, cwd=tree.parent)
    run("ruff", "format", *RUFF, "--line-length", "120", PACKAGE, cwd=tree.parent)
    return tree


def installed_templates() -> Path:
    """The folder of the generator's own templates."""
    found = find_spec("openapi_python_client")
    if found is None or found.origin is None:
        raise Failure(f"{GENERATOR} cannot be imported: run scripts/install dev")
    return Path(found.origin).parent / "templates"


def write_templates(source: Path, target: Path, edits: Iterable[Edit]) -> None:
    """Copies the templates that are edited, and edits them; the generator takes the others from itself.

    Raises Failure when a text is not found as often as its edit says.
    """
    for edit in edits:
        path = target / edit.file
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / edit.file, path)
        text = path.read_text(encoding="utf-8")
        if (found := text.count(edit.old)) != edit.count:
            raise Failure(
                f"template edit '{edit.name}': {edit.file} holds its text {found} times, not {edit.count}; "
                "see what the generator changed and adapt scripts/codegen/template_edits.py"
            )
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def run(module: str, *arguments: str | Path, cwd: Path) -> None:
    """Runs a tool of this very environment. Raises Failure with what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RUFF_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env={**environment, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode:
        raise Failure(f"{module} failed:\n{done.stdout.strip()}")


def differences(expected: Path, actual: Path) -> list[str]:
    """A line for each file that is missing, extra or different in `actual`, with its name."""
    wanted, found = files(expected), files(actual)
    return [
        f"{'missing' if name not in found else 'extra' if name not in wanted else 'different'}: {name}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]


def files(tree: Path) -> dict[str, bytes]:
    """The bytes of each file of a tree, but for what Python caches."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def report(found: list[str], target: Path) -> int:
    """Prints what was found; returns the exit code."""
    if not found:
        print("regenerate: up to date")
        return 0
    print(f"regenerate: {target} is not what the contract gives: run scripts/regenerate", file=sys.stderr)
    for line in found:
        print(f"  {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
