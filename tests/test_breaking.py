"""scripts/breaking: each change with the release it asks for; the differ itself is Redocly's and is stood in for."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from house import ROOT

PAUSED = {
    "path": "#/paths/~1batches/get/responses/200/content/application~1json/schema/items/properties/status",
    "kind": "modified",
    "impact": "major",
    "property": "enum",
    "verdicts": [
        {"ruleId": "enum-values-added", "impact": "major", "message": "Enum of `status` gained values: 'PAUSED'."}
    ],
}
REQUIRED = {
    "path": "#/paths/~1batches/post/requestBody/content/application~1json/schema",
    "kind": "modified",
    "impact": "major",
    "property": "required",
    "verdicts": [{"ruleId": "required-properties-added", "impact": "major", "message": "`model_id` became required."}],
}
ADDED = {"path": "#/paths/~1batches~1{id}~1stop", "kind": "added", "impact": "minor", "verdicts": []}
WORDS = {"path": "#/info", "property": "description", "kind": "modified", "impact": "patch", "verdicts": []}


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    """The module behind scripts/breaking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts/codegen"))
        yield importlib.import_module("breaking")


class Desk:
    """Compares openapi.yaml with a changed one, with a differ that finds what it is told to find."""

    def __init__(self, tool: ModuleType, folder: Path) -> None:
        self.tool, self.folder = tool, folder
        self.contract: Any = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))

    def run(self, *found: object, change: Callable[[Any], object] = lambda c: None, version: str = "0.1.0") -> int:
        """Runs the command; returns its exit code."""
        return self.run_with(f"print({json.dumps({'changes': found})!r})", change, version)

    def run_with(self, script: str, change: Callable[[Any], object] = lambda c: None, version: str = "0.1.0") -> int:
        """Runs the command with a differ of that Python."""
        differ = self.folder / "differ"
        differ.write_text(f"#!{sys.executable}\n{script}\n", encoding="utf-8")
        differ.chmod(0o755)
        old, new = copy.deepcopy(self.contract), copy.deepcopy(self.contract)
        old["info"]["version"] = version
        change(new)
        for name, document in (("old", old), ("new", new)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        code = self.tool.main(["--differ", str(differ), str(self.folder / "old.yaml"), str(self.folder / "new.yaml")])
        assert isinstance(code, int)
        return code


@pytest.fixture
def desk(tool: ModuleType, tmp_path: Path) -> Desk:
    """A place to compare at."""
    return Desk(tool, tmp_path)


def test_no_change_needs_no_release(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit code is 0."""
    assert 0 == desk.run()
    assert "no change: no release is needed\n" == capsys.readouterr().out


def test_the_gravest_change_decides(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It comes first, each is told with its place, and a breaking one gives exit code 1."""
    assert 1 == desk.run(WORDS, ADDED, REQUIRED)
    assert (
        "major  POST /batches requestBody/content/application/json/schema\n"
        "       `model_id` became required.\n"
        "minor  /batches/{id}/stop\n"
        "       added\n"
        "patch  info\n"
        "       modified description\n"
        "3 changes: a major release, 0.2.0 after 0.1.0\n"
    ) == capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "version", "expected", "code"),
    [
        (REQUIRED, "0.1.3", "1 change: a major release, 0.2.0 after 0.1.3", 1),
        (ADDED, "0.1.3", "1 change: a minor release, 0.1.4 after 0.1.3", 0),
        (WORDS, "0.1.3", "1 change: a patch release, 0.1.4 after 0.1.3", 0),
        (REQUIRED, "1.2.3", "1 change: a major release, 2.0.0 after 1.2.3", 1),
        (ADDED, "1.2.3", "1 change: a minor release, 1.3.0 after 1.2.3", 0),
        (WORDS, "1.2.3", "1 change: a patch release, 1.2.4 after 1.2.3", 0),
        (ADDED, "2026-04", "1 change: a minor release", 0),
    ],
)
def test_the_next_version_is_told(
    desk: Desk, found: object, version: str, expected: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before 1.0.0 the second number counts breaking changes; what is no version is left alone."""
    assert code == desk.run(found, version=version)
    assert expected == capsys.readouterr().out.splitlines()[-1]


def test_a_value_more_in_replies_is_minor(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The contract says that there may be others, whatever the differ makes of it; not so in requests."""
    assert 0 == desk.run(PAUSED)
    assert capsys.readouterr().out.startswith("minor  GET /batches")
    assert 1 == desk.run({**PAUSED, "path": PAUSED["path"].replace("responses/200", "requestBody")})


def schema(contract: Any, name: str) -> Any:
    """A named schema."""
    return contract["components"]["schemas"][name]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda c: schema(c, "CreateBatchRequest")["properties"].pop("priority"),
            "major  POST /batches request body.priority\n       the generated client no longer names it",
        ),
        (
            lambda c: schema(c, "BatchJobStatus")["enum"].remove("CANCELING"),
            "major  GET /batches 200 body[].status\n       the generated client no longer names it: CANCELING",
        ),
        (
            lambda c: schema(c, "BatchJob")["properties"]["id"].update(format="uuid"),
            "major  GET /batches 200 body[].id\n       the generated client has another type for it",
        ),
    ],
    ids=["an argument", "a value", "a type"],
)
def test_a_name_or_type_that_users_lose_is_breaking(
    desk: Desk, change: Callable[[Any], object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though the protocol does not mind, and the differ found nothing but a patch; it is told once for all places."""
    assert 1 == desk.run(WORDS, change=change)
    output = capsys.readouterr().out
    assert output.startswith(told)
    assert output.endswith("2 changes: a major release, 0.2.0 after 0.1.0\n")


@pytest.mark.parametrize("script", ["raise SystemExit('no such rule')", "print('[]')", "print('{}')"])
def test_a_differ_that_does_not_answer_is_an_error(desk: Desk, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and what it said: silence is not the absence of changes."""
    assert 2 == desk.run_with(script)
    told = capsys.readouterr().err
    assert "no report" in told
    assert ("no such rule" in script) == ("no such rule" in told)


def test_a_document_that_cannot_be_read_is_an_error(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, before any differ is asked."""
    assert 2 == tool.main(["--differ", "/nowhere", str(tmp_path / "absent.yaml"), str(ROOT / "openapi.yaml")])
    assert "absent.yaml: cannot be read" in capsys.readouterr().err


def test_the_lock_names_versions_and_hashes_and_no_address() -> None:
    """Whoever installs brings the registry; what comes from it is what was locked."""
    folder = ROOT / "scripts/codegen/redocly"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {f"node_modules/{name}": version for name, version in wanted.items()}.items() <= {
        name: package["version"] for name, package in packages.items()
    }.items()
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
