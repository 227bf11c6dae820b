"""The wheel and the sdist hold what they should, install in an environment of their own, and work there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from house import ROOT

MISSING_EXTRA = "pip install 'together-batches[cli,local]'"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel made from it, of a copy of the project without its caches."""
    folder = tmp_path_factory.mktemp("package")
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist", "*.egg-info"))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "dist"


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def _sources(folder: str) -> set[str]:
    top = ROOT / folder
    paths = [path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {f"{top.name}/{path.relative_to(top).as_posix()}" for path in paths}


def test_the_wheel_holds_both_packages_and_nothing_else(built: Path) -> None:
    """Every source file of the client and of the generated package is in the wheel, and no other file."""
    (wheel,) = built.glob("*.whl")
    expected = _sources("src/together_batches") | _sources("generated/together_lowlevel")
    assert expected == _names(wheel)
    assert {"together_batches/py.typed", "together_lowlevel/py.typed"} <= _names(wheel)


def test_the_wheel_says_what_it_is(built: Path) -> None:
    """The metadata has the licence, the extras and the command, and the licence text comes with it."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        texts = {name.partition(".dist-info/")[2]: archive.read(name).decode() for name in archive.namelist()}
    metadata = texts["METADATA"]
    assert "License-Expression: Apache-2.0" in metadata
    assert {"cli", "local"} == set(re.findall(r"^Provides-Extra: (.+)$", metadata, re.M))
    assert "together-batches = together_batches._cli:main" in texts["entry_points.txt"]
    assert (ROOT / "LICENSE").read_text() == texts["licenses/LICENSE"]


def test_the_sdist_holds_what_a_packager_needs(built: Path) -> None:
    """Sources, tests, documents, the contract and the scripts are in the sdist; caches and environments are not."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"openapi.yaml", "LICENSE", "README.md", "scripts/test", "tests/test_house.py", "docs/design.md"}
    assert set() == (needed | {f"src/{name}" for name in _sources("src/together_batches")}) - names
    assert set() == {name for name in names if "__pycache__" in name or name.startswith((".venv", ".git/"))}


def _closure(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """An installed distribution and all that it needs, but for what stands behind extras that are not asked for."""
    from packaging.requirements import Requirement

    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(name, extras)]
    while todo:
        wanted = todo.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        found = distribution(wanted[0])
        yield found
        for requirement in map(Requirement, found.requires or ()):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted[1] | {""}):
                todo.append((requirement.name, frozenset(requirement.extras)))


def _environment(folder: Path, wheel: Path, extras: frozenset[str]) -> Path:
    """A fresh environment with the wheel and, linked from the one in use, exactly what it asks for; its bin folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for needed in _closure("together-batches", extras):
        if needed.name == "together-batches":
            continue
        for top in {file.parts[0] for file in needed.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            link = site / top
            if not link.exists():
                link.symlink_to(str(needed.locate_file(top)))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    return folder / "bin"


def _run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "XDG_STATE_HOME": str(cwd / "state")}
    return subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_base_install_works_without_the_extras(built: Path, tmp_path: Path) -> None:
    """With the base dependencies alone a client can be made, and the command says which extra it needs."""
    (wheel,) = built.glob("*.whl")
    bin_ = _environment(tmp_path / "environment", wheel, frozenset())
    code = (
        "import importlib.util as u, together_batches\n"
        "assert 'site-packages' in together_batches.__file__\n"
        "assert u.find_spec('typer') is u.find_spec('rich') is u.find_spec('uvicorn') is None\n"
        "client = together_batches.Together(api_key='k', base_url='http://127.0.0.1:1', max_retries=0)\n"
        "try: client.batches.get_batch('x')\n"
        "except together_batches.APIConnectionError: print('works')\n"
    )
    done = _run(bin_ / "python", "-W", "error", "-c", code, cwd=tmp_path)
    assert ("works\n", "", 0) == (done.stdout, done.stderr, done.returncode)
    command = _run(bin_ / "together-batches", "ls", cwd=tmp_path)
    assert 1 == command.returncode
    assert MISSING_EXTRA in command.stderr
    assert "Traceback" not in command.stderr


def test_the_install_with_the_extras_runs_the_main_job(built: Path, tmp_path: Path) -> None:
    """With both extras the command of a fresh install answers a request file on the embedded server."""
    (wheel,) = built.glob("*.whl")
    bin_ = _environment(tmp_path / "environment", wheel, frozenset({"cli", "local"}))
    lines = (ROOT / "examples/requests.jsonl").read_text().splitlines(keepends=True)[:3]
    (tmp_path / "requests.jsonl").write_text("".join(lines))
    done = _run(bin_ / "together-batches", "run", "requests.jsonl", "-o", "answers.jsonl", cwd=tmp_path)
    assert 0 == done.returncode, done.stderr
    assert 3 == len((tmp_path / "answers.jsonl").read_text().splitlines())
