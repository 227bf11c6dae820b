"""scripts/compare-spec: what means the same is no difference, what differs is told with its place and what it means."""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from house import ROOT

UPSTREAM = ROOT / "tests/upstream"
BASE: dict[str, Any] = {
    "openapi": "3.1.0",
    "security": [{"key": []}],
    "paths": {
        "/batches": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}},
                },
                "responses": {
                    "201": {
                        "headers": {"X-Id": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
                    },
                    "404": {"description": "No."},
                },
            }
        },
        "/batches/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [{"name": "deep", "in": "query", "schema": {"type": "boolean"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}}
                },
            },
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "New": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}},
            },
            "Job": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "status": {"$ref": "#/components/schemas/Status"},
                    "error": {"type": ["string", "null"]},
                    "at": {"type": "string", "format": "date-time"},
                    "size": {"type": "number", "format": "double"},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                },
            },
            "Status": {"type": "string", "enum": ["on", "off"]},
        },
    },
}


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    """The module behind scripts/compare-spec."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts/codegen"))
        yield importlib.import_module("compare_spec")


class Desk:
    """Compares documents that differ from the base, through the command."""

    def __init__(self, tool: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.tool, self.folder, self.capsys = tool, folder, capsys

    def run(self, upstream: Any, *options: str, ours: Any = None, accepted: str = "", name: str = "up.json") -> int:
        """Runs the command over two documents; returns its exit code."""
        (self.folder / name).write_text(json.dumps(upstream), encoding="utf-8")
        (self.folder / "ours.yaml").write_text(yaml.safe_dump(ours or BASE), encoding="utf-8")
        (self.folder / "accepted.toml").write_text(accepted, encoding="utf-8")
        files = ("--ours", str(self.folder / "ours.yaml"), "--accepted", str(self.folder / "accepted.toml"))
        code = self.tool.main([str(self.folder / name), *files, *options])
        assert isinstance(code, int)
        return code

    def found(self, upstream: Any) -> list[tuple[str, str, str]]:
        """The place, kind and verdict of each difference."""
        self.run(upstream, "--json")
        told = json.loads(self.capsys.readouterr().out)["differences"]
        return [(one["place"], one["kind"], one["verdict"]) for one in told]


@pytest.fixture
def desk(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A place to compare at."""
    return Desk(tool, tmp_path, capsys)


def changed(*path: str | int, to: Any) -> Any:
    """The base with another value at one place; Ellipsis takes the place away."""
    document = copy.deepcopy(BASE)
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    if to is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = to
    return document


def job(name: str, to: Any) -> Any:
    """The base with another field of replies."""
    return changed("components", "schemas", "Job", "properties", name, to=to)


def new(name: str, to: Any) -> Any:
    """The base with another field of requests."""
    return changed("components", "schemas", "New", "properties", name, to=to)


POST = ("paths", "/batches", "post")
GET = ("paths", "/batches/{id}", "get")
CREATED = (*POST, "responses", "201")

SAME = {
    "an enum inline": job("status", {"enum": ["off", "on"], "type": "string"}),
    "an enum without its type": job("status", {"enum": ["on", "off"]}),
    "an enum of constants": job("status", {"oneOf": [{"const": "on"}, {"const": "off"}]}),
    "an enum with a description beside": job(
        "status", {"allOf": [{"$ref": "#/components/schemas/Status"}], "description": "How it is."}
    ),
    "a reference with words beside it": job("status", {"$ref": "#/components/schemas/Status", "description": "How."}),
    "an enum narrowed by a part": job(
        "status", {"allOf": [{"enum": ["on", "off", "dim"]}, {"$ref": "#/components/schemas/Status"}]}
    ),
    "null as in 3.0": job("error", {"type": "string", "nullable": True}),
    "null as an option": job("error", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "null as an option of one": job("error", {"oneOf": [{"type": "null"}, {"type": "string"}]}),
    "the other name of a format": job("size", {"type": "number", "format": "float64"}),
    "a schema in two parts": changed(
        *("components", "schemas", "New"),
        to={
            "allOf": [
                {"type": "object", "properties": {"file": {"type": "string"}}},
                {"properties": {"kind": {"enum": ["a", "b"]}}, "required": ["file"]},
            ]
        },
    ),
    "another name of a schema": changed(
        *(*CREATED, "content", "application/json", "schema"), to=BASE["components"]["schemas"]["Job"]
    ),
    "the case of a header": changed(*CREATED, "headers", to={"x-id": {"schema": {"type": "string"}}}),
    "another name of a path parameter": changed(
        "paths",
        to={
            "/batches": BASE["paths"]["/batches"],
            "/batches/{batch_id}": {
                "parameters": [{"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": BASE["paths"]["/batches/{id}"]["get"],
            },
        },
    ),
    "security said by the operation, under another name": {
        **changed(*POST, "security", to=[{"token": []}]),
        "components": {
            **BASE["components"],
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "token": {"type": "http", "scheme": "Bearer"},
            },
        },
    },
    "words and examples": changed(*POST, "summary", to="Make one"),
    "other parts of the API": changed("paths", "/models", to={"get": {"responses": {}}}),
    "a charset": changed(
        *(*CREATED, "content"),
        to={"application/json; charset=utf-8": {"schema": {"$ref": "#/components/schemas/Job"}}},
    ),
}


@pytest.mark.parametrize("document", SAME.values(), ids=SAME)
def test_what_means_the_same_is_no_difference(desk: Desk, document: Any) -> None:
    """However it is written."""
    assert [] == desk.found(document)


DIFFERENT: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "an operation more": (
        changed("paths", "/files", to={"get": {"responses": {}}}),
        ("GET /files", "operation", "widening"),
    ),
    "an operation less": (changed(*GET, to=...), ("GET /batches/{id}", "operation", "breaking")),
    "a parameter more": (
        changed(*GET, "parameters", 0, "name", to="wide"),
        ("GET /batches/{id} query deep", "parameter", "breaking"),
    ),
    "a required parameter": (
        changed(*GET, "parameters", 0, "required", to=True),
        ("GET /batches/{id} query deep", "required", "breaking"),
    ),
    "a body that may be absent": (
        changed(*POST, "requestBody", "required", to=False),
        ("POST /batches request", "required", "widening"),
    ),
    "another media type": (
        changed(*POST, "requestBody", "content", to={"text/json": {"schema": {"$ref": "#/components/schemas/New"}}}),
        ("POST /batches request body", "media type", "breaking"),
    ),
    "a field more in replies": (job("x", {"type": "string"}), ("POST /batches 201 body.x", "field", "widening")),
    "a field less in replies": (job("at", ...), ("POST /batches 201 body.at", "field", "harmless")),
    "a required field less in replies": (job("id", ...), ("POST /batches 201 body.id", "field", "breaking")),
    "a field more in requests": (new("x", {}), ("POST /batches request body.x", "field", "widening")),
    "a field less in requests": (new("kind", ...), ("POST /batches request body.kind", "field", "breaking")),
    "a type in replies": (job("at", {"type": "object"}), ("POST /batches 201 body.at", "type", "breaking")),
    "a narrower type in replies": (
        job("size", {"type": "integer", "format": "double"}),
        ("POST /batches 201 body.size", "type", "harmless"),
    ),
    "a wider type in requests": (
        new("file", {"type": ["string", "integer"]}),
        ("POST /batches request body.file", "type", "widening"),
    ),
    "a field inside a list": (
        job("parts", {"type": "array", "items": {"properties": {"n": {"type": "string"}}}}),
        ("POST /batches 201 body.parts[].n", "type", "breaking"),
    ),
    "null in replies": (
        job("at", {"type": ["null", "string"], "format": "date-time"}),
        ("POST /batches 201 body.at", "nullable", "breaking"),
    ),
    "no null in replies": (job("error", {"type": "string"}), ("POST /batches 201 body.error", "nullable", "harmless")),
    "a field that replies may lack": (
        changed("components", "schemas", "Job", "required", to=[]),
        ("POST /batches 201 body.id", "required", "breaking"),
    ),
    "a field that requests must have": (
        changed("components", "schemas", "New", "required", to=["file", "kind"]),
        ("POST /batches request body.kind", "required", "breaking"),
    ),
    "a date that is a string": (job("at", {"type": "string"}), ("POST /batches 201 body.at", "format", "breaking")),
    "an enum value more": (
        job("status", {"enum": ["on", "off", "dim"]}),
        ("POST /batches 201 body.status", "value", "widening"),
    ),
    "an enum value less": (job("status", {"enum": ["on"]}), ("POST /batches 201 body.status", "value", "harmless")),
    "an enum value less in requests": (
        new("kind", {"enum": ["a"]}),
        ("POST /batches request body.kind", "value", "breaking"),
    ),
    "an enum that is open": (
        job("status", {"type": "string"}),
        ("POST /batches 201 body.status", "values", "widening"),
    ),
    "a constant": (job("id", {"const": "x"}), ("POST /batches 201 body.id", "values", "harmless")),
    "bounds": (
        new("file", {"type": "string", "maxLength": 3}),
        ("POST /batches request body.file", "bounds", "breaking"),
    ),
    "a success more": (
        changed(*POST, "responses", "202", to={"description": "Later."}),
        ("POST /batches 202", "response", "breaking"),
    ),
    "a status more": (
        changed(*POST, "responses", "429", to={"description": "Too many."}),
        ("POST /batches 429", "response", "widening"),
    ),
    "a status less": (changed(*POST, "responses", "404", to=...), ("POST /batches 404", "response", "harmless")),
    "a header less": (changed(*CREATED, "headers", to={}), ("POST /batches 201 header X-Id", "header", "harmless")),
    "no security": (changed(*POST, "security", to=[]), ("POST /batches", "security", "harmless")),
    "other security": (
        changed("components", "securitySchemes", "key", "scheme", to="basic"),
        ("POST /batches", "security", "breaking"),
    ),
}


@pytest.mark.parametrize(("document", "expected"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_told_with_its_place_and_verdict(
    desk: Desk, document: Any, expected: tuple[str, str, str]
) -> None:
    """The first of what is told, and all of it is about that place, or about the same field of another operation."""
    first, *others = desk.found(document)
    assert expected == first
    assert {one[0].rsplit(" ", 1)[-1] for one in others} <= {expected[0].rsplit(" ", 1)[-1], "wide", "/batches/{id}"}


def test_a_recursive_schema_ends(desk: Desk) -> None:
    """A job that holds jobs is compared once round."""
    children = {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}
    assert [("POST /batches 201 body.children", "field", "widening")] == desk.found(job("children", children))
    assert 0 == desk.run(job("children", children), ours=job("children", children))


def test_the_same_difference_in_many_places_is_told_once(desk: Desk) -> None:
    """The report names the first place and counts the others; JSON names all."""
    desk.run(job("x", {"type": "string"}), "--json")
    [one] = json.loads(desk.capsys.readouterr().out)["differences"]
    assert ["POST /batches 201 body.x", "GET /batches/{id} 200 body.x"] == one["places"]


def test_a_report_says_all_that_is_to_be_known(desk: Desk) -> None:
    """The place, both sides, what it means for client and users, what to write; within 100 columns."""
    assert 1 == desk.run(job("x", {"type": "string"}))
    assert (
        "up.json against ours.yaml\n"
        "2 operations in common; 1 difference unexplained (1 widening), 0 held on purpose.\n"
        "\n"
        "WIDENING  POST /batches 201 body.x [field] and 1 more place\n"
        "    upstream string\n"
        "    ours     absent\n"
        "    client   `x` is kept among the additional properties, without a type.\n"
        "    users    no attribute shows it.\n"
        "    edit     add `x`: string.\n"
    ) == desk.capsys.readouterr().out


def test_markdown_is_a_table(desk: Desk) -> None:
    """One row a difference, and a bar in a value does not end a cell."""
    desk.run(job("status", {"enum": ["on", "off", "a|b"]}), "--markdown")
    row = [line for line in desk.capsys.readouterr().out.splitlines() if line.startswith("| widening")]
    assert 1 == len(row)
    assert "a\\|b" in row[0]


ENTRY = '[[accepted]]\nplace = "* body.x"\nkind = "field"\nupstream = "string"\nreason = "We wait."\n'


def test_an_accepted_difference_is_held(desk: Desk) -> None:
    """It is told with its reason, and the exit code is 0."""
    assert 0 == desk.run(job("x", {"type": "string"}), accepted=ENTRY)
    told = desk.capsys.readouterr().out
    assert "0 differences unexplained, 1 held on purpose" in told
    assert "We wait." in told


@pytest.mark.parametrize("kind", ["type", "field"])
def test_an_entry_is_about_its_kind_of_fact(desk: Desk, kind: str) -> None:
    """A new field is not excused by an entry about a type in the same place."""
    entry = f'[[accepted]]\nplace = "* body.x"\nkind = "{kind}"\nreason = "We wait."\n'
    assert int(kind == "type") == desk.run(job("x", {"type": "string"}), accepted=entry)


@pytest.mark.parametrize("other", [{"type": "integer"}, {"type": ["string", "null"]}])
def test_an_accepted_difference_excuses_no_other(desk: Desk, other: Any) -> None:
    """Another type of the same field is unexplained, and the entry is stale."""
    assert 1 == desk.run(job("x", other), accepted=ENTRY)
    told = " ".join(desk.capsys.readouterr().out.split())
    assert "1 difference unexplained (1 widening), 0 held on purpose, 1 accepted entry stale." in told


def test_an_accepted_difference_that_is_gone_is_an_error(desk: Desk) -> None:
    """It is named with its reason."""
    assert 1 == desk.run(BASE, accepted=ENTRY)
    assert "* body.x [field] (We wait.)" in desk.capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "limits", "expected"),
    [
        ("up-2026-01-02.json", 'until = "2026-01-02"', 0),
        ("up-2026-01-03.json", 'until = "2026-01-02"', 1),
        ("up-2026-01-02.json", 'since = "2026-01-02"', 0),
        ("up-2026-01-01.json", 'since = "2026-01-02"', 1),
        ("up.json", 'since = "2026-01-02"', 0),
        ("up.json", 'until = "2026-01-02"', 1),
    ],
)
def test_an_entry_is_about_the_documents_it_names(desk: Desk, name: str, limits: str, expected: int) -> None:
    """From the first to the last date; an undated document is the newest. Elsewhere it is neither held nor stale."""
    accepted = f"{ENTRY}{limits}\n"
    assert expected == desk.run(job("x", {"type": "string"}), accepted=accepted, name=name)
    assert 1 - expected == desk.run(BASE, accepted=accepted, name=name)


@pytest.mark.parametrize(
    ("accepted", "complaint"),
    [
        ('[[accepted]]\nplace = "*"\nkind = "field"\n', "needs place, kind and reason"),
        ('[[accepted]]\nplace = "*"\nkind = "field"\nreason = " "\n', "needs place, kind and reason"),
        (ENTRY + 'untill = "2026-01-01"\n', "unknown key untill"),
        ("[[accepted]\n", "accepted.toml"),
    ],
)
def test_an_entry_without_a_reason_or_with_a_slip_is_refused(desk: Desk, accepted: str, complaint: str) -> None:
    """Exit code 2, and the message says what is wrong."""
    assert 2 == desk.run(BASE, accepted=accepted)
    assert complaint in desk.capsys.readouterr().err


def moved(prefix: str) -> Any:
    """The base with all paths under a prefix."""
    paths = {f"{prefix}{path}": item for path, item in BASE["paths"].items()}
    return {**BASE, "paths": {**paths, "/models": {}}, "servers": [{"url": "https://api.example"}]}


def test_no_path_in_common_is_an_error_with_a_hint(desk: Desk) -> None:
    """Exit code 2; a prefix that explains it is named, and with it the two compare."""
    assert 2 == desk.run(moved("/api/v2"))
    told = desk.capsys.readouterr().err
    assert "no path in common" in told
    assert "2 of its paths are ours under /api/v2" in told
    assert "https://api.example" in told
    assert 0 == desk.run(moved("/api/v2"), "--prefix", "/api/v2")


def test_a_document_of_another_api_is_an_error(desk: Desk) -> None:
    """Exit code 2 without a hint."""
    assert 2 == desk.run({**BASE, "paths": {"/models": {}}})
    assert "Is it the document of this API?" in desk.capsys.readouterr().err


def test_one_path_that_moved_is_told_on_both_sides(desk: Desk) -> None:
    """What is missing and what stands under the prefix instead."""
    paths = dict(BASE["paths"])
    paths["/v2/batches"] = paths.pop("/batches")
    assert [("POST /batches", "operation", "breaking"), ("POST /v2/batches", "operation", "widening")] == desk.found(
        {**BASE, "paths": paths}
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"swagger": "2.0"}, "no OpenAPI 3 document"),
        ([], "no OpenAPI 3 document"),
        (job("x", {"$ref": "#/components/schemas/None"}), "leads nowhere"),
        (job("x", {"$ref": "other.yaml#/x"}), "outside the document"),
        (changed("components", "schemas", "Status", to={"$ref": "#/components/schemas/Status"}), "leads to itself"),
    ],
)
def test_what_cannot_be_compared_is_an_error(desk: Desk, document: Any, complaint: str) -> None:
    """Exit code 2 and a message, no traceback; nothing outside the document is read."""
    assert 2 == desk.run(document)
    assert complaint in desk.capsys.readouterr().err


@pytest.mark.parametrize("name", ["absent.json", "broken.json", "broken.yaml"])
def test_a_file_that_cannot_be_read_is_an_error(
    tool: ModuleType, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and the file is named."""
    if "broken" in name:
        (tmp_path / name).write_text("{[", encoding="utf-8")
    assert 2 == tool.main([str(tmp_path / name)])
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(UPSTREAM.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_published_document_is_accounted_for(
    tool: ModuleType, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each difference is held with a reason, no reason is stale, and no line is wider than a terminal."""
    assert 0 == tool.main([str(path)]), capsys.readouterr().out
    told = capsys.readouterr().out.splitlines()
    assert [] == [line for line in told if len(line) > 100]


def test_the_contract_equals_itself(tool: ModuleType, tmp_path: Path) -> None:
    """Ours against ours, as YAML and as JSON."""
    ours = ROOT / "openapi.yaml"
    as_json = tmp_path / "ours.json"
    as_json.write_text(json.dumps(yaml.safe_load(ours.read_text(encoding="utf-8"))), encoding="utf-8")
    nothing = tmp_path / "accepted.toml"
    nothing.touch()
    assert 0 == tool.main([str(as_json), "--accepted", str(nothing)])


def test_the_page_shows_what_is_told(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of an output in docs/contract-change.md is told by the command above it, in that order."""
    page = (ROOT / "docs/contract-change.md").read_text(encoding="utf-8")
    shown = re.findall(r"```sh\n\./scripts/compare-spec (.*)\n```\n\n```text\n((?:(?!```).*\n)*)```", page)
    assert 2 == len(shown)
    for arguments, output in shown:
        path, *options = arguments.split()
        assert 1 == tool.main([str(ROOT / path), *options])
        lines = iter(capsys.readouterr().out.splitlines())
        assert [] == [line for line in output.splitlines() if line not in lines]
