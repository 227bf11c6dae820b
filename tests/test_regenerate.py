"""scripts/regenerate gives one tree for one contract, tells what differs from it, and runs nothing a contract says."""

from __future__ import annotations

import builtins
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import yaml

from house import ROOT

GENERATED = ROOT / "generated"


@pytest.fixture(scope="module")
def codegen() -> Iterator[ModuleType]:
    """The module behind scripts/regenerate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts/codegen"))
        yield importlib.import_module("regenerate")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the checked-in tree."""
    shutil.copytree(GENERATED, tmp_path / "generated")
    return tmp_path / "generated"


def test_what_is_checked_in_is_what_the_contract_gives(codegen: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte."""
    assert 0 == codegen.main(["--check"]), capsys.readouterr().err
    assert "regenerate: up to date\n" == capsys.readouterr().out


def test_stale_files_are_named(codegen: ModuleType, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is missing, one too many and one that differs by a byte; nothing is written, and the exit code is 1."""
    tree = copied / "together_lowlevel"
    (tree / "models/file.py").unlink()
    (tree / "models/of_an_older_contract.py").touch()
    with (tree / "client.py").open("ab") as file:
        file.write(b"\n")
    (tree / "models/__pycache__").mkdir(exist_ok=True)
    (tree / "models/__pycache__/cached.pyc").touch()
    before = codegen.files(tree)
    assert 1 == codegen.main(["--check", "--output", str(copied)])
    told = capsys.readouterr().err.splitlines()
    assert [
        "  different: client.py",
        "  missing: models/file.py",
        "  extra: models/of_an_older_contract.py",
    ] == told[1:]
    assert "run scripts/regenerate" in told[0]
    assert before == codegen.files(tree)


def test_every_difference_is_seen(codegen: ModuleType, tmp_path: Path) -> None:
    """Also when there is no tree at all, or a file is empty, or in a folder of its own."""
    empty = tmp_path / "empty"
    wanted = codegen.files(GENERATED / "together_lowlevel")
    assert [f"missing: {name}" for name in sorted(wanted)] == codegen.differences(
        GENERATED / "together_lowlevel", empty
    )
    (empty / "new").mkdir(parents=True)
    (empty / "new/empty.py").touch()
    assert ["extra: new/empty.py"] == codegen.differences(tmp_path / "none", empty)


def test_the_tree_is_the_same_wherever_it_is_made(codegen: ModuleType, tmp_path: Path) -> None:
    """Settings of the formatter above it, a .gitignore, variables and a second run change no byte."""
    (tmp_path / "pyproject.toml").write_text('[tool.ruff]\nline-length = 40\nexclude = ["*"]\n')
    (tmp_path / "ruff.toml").write_text('indent-width = 2\n[format]\nquote-style = "single"\n')
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / ".git").mkdir()
    for name in ("scripts/codegen", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "a/b" / name)
    shutil.copy(ROOT / "openapi.yaml", tmp_path / "a/b")
    stale = tmp_path / "a/b/generated/together_lowlevel/models/stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path / "a"),
        "RUFF_CONFIG": str(tmp_path / "ruff.toml"),
        "RUFF_NO_CACHE": "false",
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
    }
    command = [sys.executable, tmp_path / "a/b/scripts/codegen/regenerate.py"]
    done = subprocess.run(command, cwd=tmp_path / "a", env=environment, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    assert [] == codegen.differences(GENERATED, tmp_path / "a/b/generated")
    assert {"b"} == set(os.listdir(tmp_path / "a"))


def test_an_edit_that_does_not_match_stops_the_build(codegen: ModuleType, tmp_path: Path) -> None:
    """Each of them, by its name, when its text is there more often or less often than it says."""
    for position, edit in enumerate(codegen.EDITS):
        for count in (edit.count - 1, edit.count + 1):
            edits = [*codegen.EDITS[:position], replace(edit, count=count)]
            target = tmp_path / f"{position}-{count}"
            with pytest.raises(codegen.Failure, match=re.escape(f"template edit '{edit.name}'")):
                codegen.write_templates(codegen.installed_templates(), target, edits)


def test_a_stopped_build_writes_nothing(
    codegen: ModuleType, copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says which edit it was, fails, and leaves the tree as it was."""
    before = codegen.files(copied)
    moved = replace(codegen.EDITS[0], old="no such text")
    monkeypatch.setattr(codegen.build, "__defaults__", ((moved,),))
    assert 1 == codegen.main(["--output", str(copied)])
    assert f"template edit '{moved.name}': {moved.file} holds its text 0 times, not 1" in capsys.readouterr().err
    assert before == codegen.files(copied)


def test_the_edits_are_told_apart(codegen: ModuleType) -> None:
    """Each has a name of its own and a reason, and changes something."""
    assert len(codegen.EDITS) == len({edit.name for edit in codegen.EDITS})
    for edit in codegen.EDITS:
        assert edit.reason
        assert edit.old != edit.new


@pytest.mark.parametrize("found", ["none", "0.1"])
@pytest.mark.parametrize("tool", ["openapi-python-client", "ruff"])
def test_another_tool_is_not_used(codegen: ModuleType, monkeypatch: pytest.MonkeyPatch, tool: str, found: str) -> None:
    """When generator or formatter are absent or of another version, the message says which are needed and how."""
    usual = codegen.version

    def version(name: str) -> str:
        if name != tool:
            return str(usual(name))
        if found == "none":
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(codegen, "version", version)
    lock = (ROOT / "requirements/dev.txt").read_text()
    with pytest.raises(codegen.Failure, match=rf"^{tool} [\d.]+ is needed, .* has {found}: run scripts/install dev$"):
        codegen.check_tools(lock)


def test_a_lock_without_the_tools_is_refused(codegen: ModuleType) -> None:
    """A generator that nothing pins is none."""
    with pytest.raises(codegen.Failure, match="pins no openapi-python-client"):
        codegen.check_tools("ruff==1.0\n")


def test_what_the_generator_cannot_do_is_told(
    codegen: ModuleType, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A contract it warns about is refused with the warning, and the tree is left as it was."""
    spec = copied / "spec.yaml"
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    contract["paths"]["/batches"]["get"]["responses"]["200"]["content"] = {"text/x-odd+odd": {"schema": {}}}
    contract["paths"]["/batches"]["get"]["responses"]["200"]["content"] = {"image/png": {"schema": {}}}
    spec.write_text(yaml.safe_dump(contract))
    before = codegen.files(copied / "together_lowlevel")
    assert 1 == codegen.main(["--spec", str(spec), "--output", str(copied)])
    assert "image/png" in capsys.readouterr().err
    assert before == codegen.files(copied / "together_lowlevel")


# Each would set `builtins.ran` when a place of the templates let it out of its text.
RUN = '__import__("builtins").__dict__.__setitem__("ran", True)'
HOSTILE = [
    f'"""\n{RUN}\n"""',
    f"'''\n{RUN}\n'''",
    f'"\n{RUN}\n"',
    f'") or {RUN} or ("',
    f"') or {RUN} or ('",
    f"{{{RUN}}}",
    f"{{{{ {RUN} }}}}",
    "{{ 7 * 7 }}{% raw %}{# note #}",
    f'\\"""\n{RUN}\n#\\',
    f"\n\n{RUN}  # \r\n\t\u2028{RUN}",
    "{0} {id} {x!r} %s %(a)s $a ${a}",
    "ends with a backslash \\",
]
# Of the fields and members that differ by signs alone the generator makes one name: each has a number too.
NAMES = [f"{text} n{number}" for number, text in enumerate(HOSTILE)] + ["n99 ends with a backslash \\"]


def kept(text: str) -> str:
    """What the generator makes of a name or value: it takes line breaks out."""
    return re.sub("[\n\r\u2028]", "", text)


def hostile_contract() -> Any:
    """A contract that says such things wherever it may say anything."""
    every = " ".join(HOSTILE)
    words = {"description": every, "title": every}
    fields = {text: {"type": "string", "description": text, "example": text} for text in NAMES}
    enum = {"type": "string", "enum": [f"a{text}" for text in NAMES], "description": every}
    model = {
        "type": "object",
        "description": every,
        "required": [NAMES[0]],
        "properties": {
            **fields,
            f"list {HOSTILE[3]}": {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}, **words},
            f"kind {HOSTILE[3]}": {"$ref": "#/components/schemas/Kind"},
            f"nullable {HOSTILE[4]}": {"oneOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}]},
            f"when {HOSTILE[3]}": {"type": "string", "format": "date-time", "description": every},
            f"default {HOSTILE[3]}": {"type": "string", "default": every, "example": every},
        },
    }
    answer = {"description": every, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": every, "version": every, "description": every},
        "tags": [{"name": every, "description": every}],
        "paths": {
            f"/{HOSTILE[3]}/{HOSTILE[4]}/{{id}}": {
                "post": {
                    "operationId": f"do {HOSTILE[3]}",
                    "summary": every,
                    "description": every,
                    "tags": [HOSTILE[3]],
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, **words},
                        {"name": every, "in": "query", "schema": {"type": "string", "default": every}},
                        {"name": HOSTILE[3], "in": "header", "schema": {"type": "string"}, "description": every},
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Model"}}},
                    },
                    "responses": {"200": answer},
                }
            }
        },
        "components": {"schemas": {"Model": model, "Kind": enum}},
    }


def test_hostile_texts_of_a_contract_stay_texts(
    codegen: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes, newlines, templates and code in names, words and values: the client is valid, inert, and works."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(hostile_contract()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tree = codegen.build(spec, scratch)
    shutil.copytree(tree, tmp_path / "hostile_lowlevel")
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = [
        ".".join(path.relative_to(tmp_path).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((tmp_path / "hostile_lowlevel").rglob("*.py"))
    ]
    assert len(modules) > 10
    loaded = {name: importlib.import_module(name) for name in modules}
    (operation,) = (module for name, module in loaded.items() if re.search(r"\.api\.\w+\.", name))

    models = loaded["hostile_lowlevel.models"]
    assert sorted(f"a{kept(text)}" for text in NAMES) == sorted(models.Kind)
    raw = {
        **{kept(text): text for text in NAMES},
        f"list {HOSTILE[3]}": [f"a{NAMES[0]}", "new", None],
        f"kind {HOSTILE[3]}": ["of another type"],
        f"nullable {HOSTILE[4]}": ["of another type"],
        f"when {HOSTILE[3]}": "no moment",
        f"default {HOSTILE[3]}": "x",
    }
    model = models.Model.from_dict(raw)
    assert {**raw, f"list {HOSTILE[3]}": [f"a{NAMES[0]}", "new"]} == model.to_dict()
    request = operation._get_kwargs("{x}/../y", body=models.Model.from_dict({kept(NAMES[0]): "x"}))
    assert request["url"].endswith("/%7Bx%7D%2F..%2Fy")
    assert not hasattr(builtins, "ran")


def test_another_contract_is_read_as_tolerantly(
    codegen: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this contract has no field for: lists of enum members, lists that must be there, a moment as an answer."""
    kinds = {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}}
    answer = {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}}
    text = {"schema": {"type": "string", "format": "date-time"}}
    moment = {"description": "", "content": {"application/json": text}}
    spec = {
        "openapi": "3.1.0",
        "info": {"title": "other", "version": "1"},
        "paths": {
            "/": {"get": {"operationId": "get", "responses": {"200": answer}}},
            "/now": {"get": {"operationId": "now", "tags": ["x"], "responses": {"200": moment}}},
        },
        "components": {
            "schemas": {
                "Kind": {"type": "string", "enum": ["a", "b"]},
                "Model": {
                    "type": "object",
                    "required": ["must"],
                    "properties": {
                        "must": kinds,
                        "may": kinds,
                        "null_first": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Kind"}]},
                        "inner": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}},
                    },
                },
            }
        },
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    (tmp_path / "scratch").mkdir()
    shutil.copytree(codegen.build(tmp_path / "spec.yaml", tmp_path / "scratch"), tmp_path / "other_lowlevel")
    monkeypatch.syspath_prepend(str(tmp_path))
    model = importlib.import_module("other_lowlevel.models").Model
    unset = importlib.import_module("other_lowlevel.types").UNSET
    read = model.from_dict({"must": ["a", "new", 5], "may": [None, "new", "b"]})
    assert (["a", "new"], ["new", "b"]) == (read.must, read.may)
    for other in (5, "text", {"a": 1}):
        unfit = {"may": other, "inner": other, "null_first": [other]}
        read = model.from_dict({"must": [], **unfit})
        assert (unset, unset, unset) == (read.may, read.inner, read.null_first)
        assert {"must": [], **unfit} == read.to_dict()
    read = model.from_dict({"must": [], "may": None, "inner": None})
    assert {"must": []} == read.to_dict()
    now = importlib.import_module("other_lowlevel.api.x.now")
    said = httpx.Response(200, json="Tue, 28 Apr 2026 12:00:00 GMT")
    assert datetime(2026, 4, 28, 12, tzinfo=UTC) == now._parse_response(client=None, response=said)
