"""The parity vectors: sound in themselves, passed by both colours of the client, and able to fail."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from house import ROOT
from parity import matrix
from parity import testee as testees
from parity.comparing import differences, judged, meaning
from parity.mutants import mutants
from parity.runner import Report, Result, main, play, run
from parity.stage import Stage
from parity.testee import Entry, entries
from parity.vectors import KEY, filled, folder_problems, load

HERE = ROOT / "tests/parity"
VECTORS = load()
BY_NAME = {vector["name"]: vector for vector in VECTORS}
SCHEMA = json.loads((HERE / "vector.schema.json").read_text("utf-8"))
ENTRIES = {entry.name: entry for entry in entries()}


def test_ours_pass() -> None:
    """The client passes every vector, in both colours, and covers all of them."""
    ours = [ENTRIES["python-blocking"], ENTRIES["python-async"]]

    async def both() -> list[Report]:
        # At once, since vectors wait more than they work.
        return await asyncio.gather(*(run(entry, VECTORS) for entry in ours))

    reports = asyncio.run(both())

    assert ["", ""] == [matrix.failures(report) for report in reports]
    assert [[True] * len(VECTORS)] * 2 == [[result.passed for result in report.results] for report in reports]


@pytest.mark.parametrize("path", sorted((HERE / "vectors").glob("*.json")), ids=lambda path: path.stem)
def test_schema(path: Path) -> None:
    """Each file of vectors is valid under the schema, and holds one area, which it is named after."""
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    validator.check_schema(SCHEMA)
    vectors = json.loads(path.read_text("utf-8"))

    assert [] == [f"{error.json_path}: {error.message}" for error in validator.iter_errors(vectors)]
    assert {path.stem} == {vector["area"] for vector in vectors}


def test_all_is_covered() -> None:
    """There are vectors of every operation, every area and every kind of error."""
    defs = SCHEMA["$defs"]
    outcomes = [vector["outcome"] for vector in VECTORS]

    assert len(VECTORS) >= 120
    assert set(defs["call"]["properties"]["operation"]["enum"]) == {vector["call"]["operation"] for vector in VECTORS}
    assert set(defs["vector"]["properties"]["area"]["enum"]) == {vector["area"] for vector in VECTORS}
    assert set(defs["outcome"]["properties"]["error"]["enum"]) == {o["error"] for o in outcomes if "error" in o}


def test_readme_names_all() -> None:
    """The page for other languages tells of every operation, area, fault, kind of error and default."""
    page = (HERE / "README.md").read_text("utf-8")
    defs = SCHEMA["$defs"]
    words = [
        *defs["call"]["properties"]["operation"]["enum"],
        *defs["vector"]["properties"]["area"]["enum"],
        *defs["reply"]["properties"]["fault"]["enum"],
        *defs["outcome"]["properties"]["error"]["enum"],
        *(defs["expect"]["properties"].keys() - {"method"}),
        *defs["reply"]["properties"],
        *defs["outcome"]["properties"],
    ]

    assert [] == [word for word in words if not re.search(rf"`(headers\.)?{word}\b", page)]


def test_mutants_can_be_made(tmp_path: Path) -> None:
    """Every change that the vectors are tried with still finds its place in the facade."""
    found = mutants()
    for mutant in found:
        source = (ROOT / "src/together_batches" / mutant.module).read_text("utf-8")
        (tmp_path / mutant.module).parent.mkdir(exist_ok=True)
        (tmp_path / mutant.module).write_text(source, "utf-8")
        mutant.apply(tmp_path)

    assert len(found) >= 30
    assert len(found) == len({mutant.name for mutant in found})


def test_all_that_are_known_can_be_named() -> None:
    """A name that is no testee's is refused with those there are, and a testee that is not installed says so."""
    absent = Entry("absent", ("true",), needs=".parity/absent/installed")

    assert 2 == main(["no-such-testee"])
    assert "scripts/parity-install absent" in str(absent.missing())
    assert None is ENTRIES["python-blocking"].missing()


ECHO = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "hello" in message:
        print(json.dumps({"testee": "t", "version": "1", "operations": ["get_batch"]}), flush=True)
    else:
        {answer}
"""


def scripted(answer: str) -> testees.Testee:
    """A testee that sends nothing and answers each call with what a piece of Python prints."""
    return testees.Testee(Entry("scripted", (sys.executable, "-c", ECHO.replace("{answer}", answer))))


async def played(answer: str, name: str) -> Result:
    testee = scripted(answer)
    try:
        return await play(testee, BY_NAME[name], 1)
    finally:
        await testee.stop()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('print(json.dumps({"id": 1, "value": {"id": "batch-1"}}), flush=True)', "never sent: GET /v1/batches/batch-1"),
        ('print(json.dumps({"id": 2, "value": None}), flush=True)', "outside the protocol"),
        ('print("not JSON", flush=True)', "not a JSON object"),
        ('sys.exit("out of words")', "it ended: out of words"),
    ],
)
def test_a_testee_that_does_nothing_fails(answer: str, problem: str) -> None:
    """A right answer without the right requests fails, and so does what is not in the protocol."""
    result = asyncio.run(played(answer, "get-unknown-status"))

    assert not result.passed
    assert any(problem in line for line in result.problems or ())


def test_what_is_not_covered_is_no_failure() -> None:
    """A vector of an operation that a testee does not have neither passes nor fails."""
    result = asyncio.run(played("pass", "create-window"))

    assert None is result.problems
    assert not result.passed


def test_a_testee_that_hangs_is_ended() -> None:
    """A testee that does not answer in its time is ended, and the next call starts it anew."""

    async def hang() -> None:
        testee = scripted('message["operation"] == "hang" or print(json.dumps({"id": 2, "value": 3}), flush=True)')
        with pytest.raises(testees.TesteeError, match="no answer within"):
            await testee.ask({"id": 1, "operation": "hang"}, 0.05)
        assert {"id": 2, "value": 3} == await testee.ask({"id": 2, "operation": "go"}, 30.0)
        await testee.stop()

    asyncio.run(hang())


EXCHANGE: dict[str, Any] = {
    "expect": {
        "method": "POST",
        "target": "/v1/a%2Fb?c=d",
        "headers": {"must": {"authorization": "Bearer {key}"}, "must_not": ["cookie"]},
        "json": {"n": 1, "deep": [None, True]},
    },
    "reply": {"status": 200, "json": {"ok": True}},
}
GOOD: dict[str, Any] = {
    "method": "POST",
    "path": "/v1/a%2fb?c=d",
    "headers": {"Authorization": f"Bearer {KEY}"},
    "json": {"n": 1.0, "deep": [None, True]},
}


IS_JSON = {"Content-Type": "application/json"}


async def staged(exchanges: list[dict[str, Any]], *requests: dict[str, Any]) -> list[str]:
    """What the scripted server says of some requests."""
    stage = Stage(filled(exchanges, {"key": KEY}), KEY)
    await stage.open()
    async with httpx.AsyncClient(trust_env=False) as client:
        for request in requests:
            given = dict(request)
            origin = stage.origins[given.pop("origin", "api")]
            await client.request(given.pop("method"), origin + given.pop("path"), **given)
    await stage.close()
    return stage.problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"method": "PUT"}, "expected POST"),
        ({"path": "/v1/a/b?c=d"}, "expected POST"),
        ({"path": "/v1/a%2Fb"}, "expected POST"),
        ({"origin": "storage"}, "at storage"),
        ({"headers": {}}, "header authorization should be"),
        ({"headers": {**GOOD["headers"], "Cookie": "a=b"}}, "header cookie should not be there"),
        ({"json": {"n": 1, "deep": [None, 1]}}, "deep[1] should be true, is 1"),
        ({"json": {**GOOD["json"], "more": 1}}, "body.more should not be there"),
        ({"json": None, "content": b'{"n": 1'}, "Content-Type"),
        (
            {"json": None, "content": b"{", "headers": {**GOOD["headers"], "Content-Type": "application/json"}},
            "be JSON",
        ),
    ],
)
def test_the_stage_notices(change: dict[str, Any], problem: str | None) -> None:
    """A request that differs in method, path, origin, header or body is told; one that differs in nothing is not."""
    problems = asyncio.run(staged([EXCHANGE], GOOD | change))

    assert (problem is None) == (problems == [])
    assert problem is None or any(problem in line for line in problems)


def test_the_stage_counts() -> None:
    """One request too many is told, and so is one too few, but not one that is optional."""
    optional = {**EXCHANGE, "optional": True, "expect": {**EXCHANGE["expect"], "target": "/v1/other"}}

    assert ["one request too many: POST /v1/a%2fb?c=d at api"] == asyncio.run(staged([EXCHANGE], GOOD, GOOD))
    assert ["never sent: POST /v1/a%2Fb?c=d"] == asyncio.run(staged([EXCHANGE, EXCHANGE], GOOD))
    assert [] == asyncio.run(staged([optional, EXCHANGE], GOOD))
    assert [] == asyncio.run(staged([EXCHANGE, optional], GOOD))


def test_the_stage_times_gaps() -> None:
    """A request that comes too early is told."""
    later = {**EXCHANGE, "gap": {"at_least_seconds": 30.0}}

    assert ["POST /v1/a%2fb?c=d: came too early, should be 30 to inf s"] == asyncio.run(
        staged([EXCHANGE, later], GOOD, GOOD)
    )


def test_the_key_stays_with_the_api() -> None:
    """The key at storage is told, wherever in the request it is, although the vector says nothing of it."""
    put: dict[str, Any] = {
        "origin": "storage",
        "expect": {"method": "PUT", "target": "/x", "headers": {}, "bytes_sha256": "0" * 64},
        "reply": {"status": 200},
    }
    problems = asyncio.run(staged([put], {"origin": "storage", "method": "PUT", "path": "/x", "content": KEY.encode()}))

    assert "the key was sent to storage: PUT /x" in problems
    assert any("SHA-256" in line for line in problems)


def test_targets_are_compared_by_meaning() -> None:
    """What is encoded without need is the same path; an encoded slash is not a slash."""
    assert meaning("/v1/files/%7Ea%3d?x=%41") == meaning("/v1/files/~a=?x=%41")
    assert meaning("/v1/a%2Fb") != meaning("/v1/a/b")
    assert meaning("/v1/a?x=%41") != meaning("/v1/a?x=A")


def test_values_are_compared_by_type() -> None:
    """In JSON true is not 1 and 1.0 is; of a subset only what is named counts, and `extra` only where it is kept."""
    assert [] == differences({"a": 1, "b": [True]}, {"a": 1.0, "b": [True]})
    assert ["value.a should be true, is 1"] == differences({"a": True}, {"a": 1})
    assert ["value.b is not there, should be null"] == differences({"b": None}, {}, subset=True)
    assert [] == differences({"extra": {"x": 1}}, {}, subset=True)
    assert ["value.extra.x is not there, should be 1"] == differences({"extra": {"x": 1}}, {"extra": {}}, subset=True)
    assert ["value should be [1], is [1, 2]"] == differences([1], [1, 2], subset=True)


def test_outcomes_are_judged() -> None:
    """An error of another kind, a value in place of an error, and a message with the key in it are told."""
    lost = {"error": "unknown_fate"}

    assert [] == judged(lost, {"error": {"kind": "unknown_fate", "message": "look"}}, KEY)
    assert judged(lost, {"error": {"kind": "server", "message": "500"}}, KEY)
    assert judged(lost, {"value": {"id": "batch-1"}}, KEY)
    assert judged(lost, {"error": {"kind": "unknown_fate", "message": f"with {KEY}"}}, KEY)
    assert judged({**lost, "message": {"must": ["file-1"]}}, {"error": {"kind": "unknown_fate", "message": ""}}, KEY)
    assert judged({"value": {"id": "a"}}, {"error": {"kind": "server", "message": ""}}, KEY)
    assert [] == judged({"value": {"content_text": "a"}}, {"value": {"content_base64": "YQ=="}}, KEY)


def test_folders_are_judged(tmp_path: Path) -> None:
    """A file that should not be there, one that is missing, and one with other bytes are told."""
    (tmp_path / "left.part").write_text("x")
    (tmp_path / "out").write_text("old")
    vector = {"outcome": {"files": {"out": {"text": "new"}, "more": {"text": ""}}}}

    assert [
        "left.part should not be in the folder",
        "out should hold b'new', holds b'old'",
        "more should be in the folder",
    ] == folder_problems(vector, tmp_path)


def test_the_matrix_counts() -> None:
    """The matrix says passed of covered; the page tells each failing vector with what was sent."""
    vectors = [BY_NAME["create-window"], BY_NAME["get-unknown-status"], BY_NAME["wait-404"]]
    outcomes: list[tuple[str, ...] | None] = [(), ("wrong `thing`",), None]
    results = [Result(vector, problems, ("api GET /x",)) for vector, problems in zip(vectors, outcomes, strict=True)]
    report = Report(Entry("some", ("true",), title="Some client"), "1.0", results=results)
    skipped = Report(Entry("other", ("true",), title="Other"), skipped="no node on PATH")
    page = matrix.page([report, skipped], vectors)

    assert "| some 1.0 | 1/1 | 0/1 | - | 1/2 | 1 | judged |" in " ".join(matrix.table([report], vectors).split())
    assert "- **get-unknown-status** (jobs)" in page
    assert "`wrong 'thing'`" in page
    assert "sent: `api GET /x`" in page
    assert "Skipped: no node on PATH." in page


def test_the_archive(tmp_path: Path) -> None:
    """The archive holds vectors, schema, page and runner, twice the same bytes, and its runner needs only Python."""
    for name in ("one.tar.gz", "two.tar.gz"):
        subprocess.run([ROOT / "scripts/parity-archive", tmp_path / name], check=True, capture_output=True)
    subprocess.run(["tar", "-xzf", "one.tar.gz"], cwd=tmp_path, check=True)
    (tmp_path / "parity-vectors").rename(tmp_path / "parity")
    testee = tmp_path / "testee.py"
    testee.write_text(ECHO.replace("{answer}", 'print(json.dumps({"id": message["id"], "value": 1}), flush=True)'))
    command = ["-m", "parity.runner", "--command", f"{sys.executable} {testee}", "--only", "id-empty", "--verbose"]
    done = subprocess.run([sys.executable, "-I", "-c", RUN, *command], cwd=tmp_path, capture_output=True, text=True)

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    assert (tmp_path / "parity/README.md").is_file()
    assert "" == re.sub(r"^parity: .*\n", "", done.stderr)
    assert "error invalid_argument should come, came 1" in done.stdout
    assert 1 == done.returncode


# Python as it comes, without what is installed beside it.
RUN = """
import runpy, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + ["."]
sys.argv = sys.argv[2:]
runpy.run_module("parity.runner", run_name="__main__")
"""
