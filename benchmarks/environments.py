"""The environments that contenders run in: one for each peer, so that none sees another's packages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

from .contestants import CONTENDERS

ROOT = Path(__file__).parent.parent
PLACE = ROOT / ".bench"
# Those that the parity runner has already are not made twice.
OF_PARITY = ("together-1", "together-3")
OWN = ("ours", "floor", "openai-3")


def python_of(environment: str) -> Path:
    """Where the Python of an environment is, or would be."""
    folder = ROOT / ".parity" / environment / "venv" if environment in OF_PARITY else PLACE / environment
    return folder / "bin/python"


def missing() -> dict[str, str]:
    """The environments that are not there, each with what to do."""
    return {
        name: "not installed: run scripts/bench --install"
        for name in (*OWN, *OF_PARITY)
        if not (python_of(name).exists() and (name in OF_PARITY or _is_whole(name)))
    }


def install(say: Callable[[str], None]) -> None:
    """Makes what is not there, from the locks; what cannot be had is told, and is missing."""
    for name in OWN:
        if _is_whole(name):
            continue
        if trouble := _make(name):
            say(f"{name} could not be installed: {trouble}")
        else:
            say(f"made the environment {name}")
    done = subprocess.run([ROOT / "scripts/parity-install", *OF_PARITY], stderr=subprocess.PIPE, text=True)
    for line in done.stderr.splitlines():
        say(line)


def versions() -> dict[str, str]:
    """The version of each contender that has one and is there."""
    found = {"python": platform.python_version()}
    absent = missing()
    for contender in CONTENDERS.values():
        if contender.package and contender.environment not in absent:
            found[contender.name] = _version(python_of(contender.environment), contender.package)
    curl = subprocess.run(["curl", "--version"], capture_output=True, text=True) if _has_curl() else None
    if curl:
        found["curl"] = curl.stdout.split()[1]
    return found


def machine(files: str) -> dict[str, str]:
    """What the figures depend on; never a name or a path of the machine."""
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "files": files,
    }


def _has_curl() -> bool:
    from shutil import which

    return which("curl") is not None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _version(python: Path, package: str) -> str:
    if package == "together-batches":
        code = "import together_batches; print(together_batches.__version__)"
    else:
        code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _lock(name: str) -> Path:
    return ROOT / f"benchmarks/requirements-{name}.txt"


def _stamp(name: str) -> str:
    return f"{zlib.crc32(_lock(name).read_bytes())} {ROOT} {sys.version}"


def _is_whole(name: str) -> bool:
    stamp = PLACE / name / "installed"
    return stamp.exists() and stamp.read_text() == _stamp(name)


def _make(name: str) -> str | None:
    """Makes an environment; what went wrong, if anything."""
    uv = Path(sys.executable).with_name("uv")
    folder = PLACE / name
    python = folder / "bin/python"
    commands = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--no-deps", "-r", _lock(name)],
        # Bytecode first: no measured process shall be the one that writes it.
        [python, "-m", "compileall", "-q", folder / "lib"],
    )
    for command in commands:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        if done.returncode and "compileall" not in command:
            return " ".join(done.stderr.split())[:300]
    if name == "ours":
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "project.pth").write_text(f"{ROOT / 'src'}\n{ROOT / 'generated'}\n")
    (folder / "installed").write_text(_stamp(name))
    return None
