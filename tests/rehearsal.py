"""Rehearses changes of the contract: which gate, by name, goes red for which change; `scripts/rehearse` tells.

A gate answers with nothing when it is green and with its complaint when it is red:

- spec: openapi-spec-validator takes the document.
- regenerate: the generator makes a client of it.
- check: `regenerate --check` finds the checked-in client up to date.
- mypy: generated and handwritten code fit each other, strictly.
- compare-spec: every difference from the newest published document is held on purpose.
- facade: what users call sends and reads the same as before, and shows what the contract says.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from openapi_spec_validator import validate

ROOT = Path(__file__).parent.parent
CODEGEN = ROOT / "scripts/codegen"
UPSTREAM = max((ROOT / "tests/upstream").glob("*.yaml"))
GATES = ("spec", "regenerate", "check", "mypy", "compare-spec", "facade")

Contract = dict[str, Any]
Change = Callable[[Contract], object]
# What is said, how it is done, and the gates that it turns red.
Row = tuple[str, Change, set[str]]


def schema(contract: Contract, name: str) -> Any:
    """A named schema of the contract."""
    return contract["components"]["schemas"][name]


def fields(contract: Contract, name: str) -> Any:
    """The properties of a named schema."""
    return schema(contract, name)["properties"]


def operation(contract: Contract, path: str, method: str) -> Any:
    """An operation of the contract."""
    return contract["paths"][path][method]


def rows() -> Iterator[Row]:
    """The changes that are rehearsed."""
    yield "nothing", lambda c: None, set()
    yield "a description is reworded", lambda c: schema(c, "File").update(description="Bytes."), {"check"}
    yield (
        "a field is added to replies",
        lambda c: fields(c, "BatchJob").update(region={"type": "string"}),
        {"check", "compare-spec", "facade"},
    )
    yield (
        "a field is removed from replies",
        lambda c: fields(c, "BatchJob").pop("endpoint"),
        {"check", "compare-spec", "facade"},
    )
    yield (
        "a field of replies is retyped",
        lambda c: fields(c, "BatchJob").update(progress={"type": "string"}),
        {"check", "compare-spec"},
    )
    yield (
        "a field of replies becomes a date",
        lambda c: fields(c, "BatchJob")["endpoint"].update(format="date-time"),
        {"check", "compare-spec"},
    )
    yield (
        "a field of replies may be null",
        lambda c: fields(c, "BatchJob")["endpoint"].update(type=["string", "null"]),
        {"check"},
    )
    yield (
        "a field of replies becomes required",
        lambda c: schema(c, "BatchJob")["required"].append("status"),
        {"check", "compare-spec"},
    )
    yield (
        "an optional field is added to requests",
        lambda c: fields(c, "CreateBatchRequest").update(note={"type": "string"}),
        {"check", "compare-spec"},
    )
    yield (
        "a field that we send is removed",
        lambda c: fields(c, "CreateBatchRequest").pop("completion_window"),
        {"check", "mypy", "compare-spec", "facade"},
    )
    yield (
        "a field that we send is retyped",
        lambda c: fields(c, "CreateBatchRequest").update(input_file_id={"type": "integer"}),
        {"check", "mypy", "compare-spec"},
    )
    yield (
        "a field of requests becomes required",
        lambda c: schema(c, "CreateBatchRequest")["required"].append("model_id"),
        {"check", "mypy", "compare-spec", "facade"},
    )
    yield (
        "an enum value is added",
        lambda c: schema(c, "BatchJobStatus")["enum"].append("PAUSED"),
        {"check", "compare-spec", "facade"},
    )
    yield (
        "an enum value is removed",
        lambda c: schema(c, "BatchJobStatus")["enum"].remove("EXPIRED"),
        {"check", "compare-spec", "facade"},
    )
    yield (
        "a status is added",
        lambda c: operation(c, "/batches", "post")["responses"].update({"202": {"description": "Later."}}),
        {"check", "compare-spec"},
    )
    yield (
        "a status is removed",
        lambda c: operation(c, "/batches", "post")["responses"].pop("201"),
        {"check", "compare-spec"},
    )
    yield (
        "a path is changed",
        lambda c: c["paths"].update({"/batches/{id}/stop": c["paths"].pop("/batches/{id}/cancel")}),
        {"check", "compare-spec", "facade"},
    )
    yield (
        "a required parameter is added",
        lambda c: operation(c, "/batches", "get").update(
            parameters=[{"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}}]
        ),
        {"check", "mypy", "compare-spec", "facade"},
    )
    yield (
        "an operationId is changed",
        lambda c: operation(c, "/batches", "get").update(operationId="list_jobs"),
        {"check", "mypy", "facade"},
    )
    yield (
        "an operationId is used twice",
        lambda c: operation(c, "/batches", "get").update(operationId="get_batch"),
        {"spec", "check", "mypy", "facade"},
    )
    yield (
        "a reference leads nowhere",
        lambda c: fields(c, "BatchJob").update(status={"$ref": "#/components/schemas/Status"}),
        {"spec", "regenerate", "compare-spec"},
    )


ROWS = tuple(rows())


class Stage:
    """A folder in which changed contracts go through all gates, one after the other; what can be shared is shared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contract: Contract = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
        # What is installed, without the project itself: mypy would look there for a module that a change took away.
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv/bin/python"
        installed = sysconfig.get_paths()["purelib"]
        for libraries in (folder / "venv").glob("lib/*/site-packages"):
            (libraries / "installed.pth").write_text(f"{installed}\n", encoding="utf-8")

    def red(self, change: Change) -> dict[str, str]:
        """The complaints of the gates that a change turns red; those behind a generator that failed are not asked."""
        contract = copy.deepcopy(self.contract)
        change(contract)
        spec = self.folder / "openapi.yaml"
        spec.write_text(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True), encoding="utf-8")
        said = {"spec": self._spec(contract), "regenerate": self._regenerate(spec), "compare-spec": self._compare(spec)}
        if not said["regenerate"]:
            said |= {"check": self._check(), "mypy": self._mypy(), "facade": self._facade()}
        return {gate: words for gate, words in said.items() if words}

    @property
    def generated(self) -> Path:
        """Where the changed client is."""
        return self.folder / "generated"

    def _spec(self, contract: Contract) -> str:
        try:
            validate(contract)
        except Exception as error:  # What it raises for a reference is of another library.
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return ""

    def _regenerate(self, spec: Path) -> str:
        return _run(CODEGEN / "regenerate.py", "--spec", spec, "--output", self.generated)

    def _check(self) -> str:
        old, new = (_tree(folder) for folder in (ROOT / "generated", self.generated))
        return ", ".join(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))

    def _mypy(self) -> str:
        """The changed client and `_wire`, the one module that uses it; other modules are not the contract's."""
        path = os.pathsep.join(map(str, (ROOT / "src", self.generated)))
        settings = (
            "--strict",
            "--explicit-package-bases",
            "--config-file=",
            "--follow-imports=silent",
            f"--cache-dir={self.folder / 'mypy'}",
            f"--python-executable={self.python}",
        )
        return _run("-m", "mypy", *settings, self.generated, ROOT / "src/together_batches/_wire", MYPYPATH=path)

    def _compare(self, spec: Path) -> str:
        return _run(CODEGEN / "compare_spec.py", UPSTREAM, "--ours", spec)

    def _facade(self) -> str:
        path = os.pathsep.join(map(str, (self.generated, ROOT / "src")))
        return _run(ROOT / "tests/facade_probe.py", PYTHONPATH=path)


def _run(*command: str | Path, **environment: str) -> str:
    """What a Python program says when it fails."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip() or f"exit code {done.returncode}" if done.returncode else ""


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.py")}


def main() -> int:
    """Prints the table, and returns 1 when a gate is not as it says."""
    wrong = 0
    print(f"| {'change':40} | {' | '.join(gate.ljust(5) for gate in GATES)} |")
    print(f"|{'-' * 42}|{'|'.join('-' * (max(5, len(gate)) + 2) for gate in GATES)}|")
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        for name, change, expected in ROWS:
            red = stage.red(change)
            asked = {"spec", "regenerate", "compare-spec"} if "regenerate" in red else set(GATES)
            cells = [
                ("RED" if gate in red else "green" if gate in asked else "-").ljust(max(5, len(gate))) for gate in GATES
            ]
            wrong += red.keys() != expected
            note = "" if red.keys() == expected else f"  expected red: {', '.join(sorted(expected))}"
            print(f"| {name:40} | {' | '.join(cells)} |{note}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
