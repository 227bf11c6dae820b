"""The benchmarks measure what they say, judge it rightly, and tell it; and what a task costs, in calls, has a ceiling.

No test here reads a clock: how long things take is told by `scripts/bench`.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import trustme
from benchmarks import __main__ as command
from benchmarks import data, environments, gate, runner
from benchmarks.areas import AREAS, CPU_US, Area, Case, Entry
from benchmarks.chart import WIDTH, Bar, Group, drawn
from benchmarks.contestants import CONTENDERS
from benchmarks.counts import counted
from benchmarks.page import chart, page
from benchmarks.results import CaseResult, Results, load
from benchmarks.runner import LeftOut, Plan, run_area, run_case
from benchmarks.server import bulk, head
from benchmarks.server.crowd import Connection
from benchmarks.server.service import Service
from benchmarks.server.skim import Records
from benchmarks.stage import Stage, opened
from benchmarks.stats import Summary, ratio, rounded, summary
from benchmarks.targets import Proof, Target, Verdict, judge, needed, proofs
from benchmarks.targets import load as load_targets
from hypothesis import given
from hypothesis import strategies as st

from house import ROOT
from together_batches import Together, check_requests
from together_batches._convert import batch_job

CONTENDER_FILES = sorted((ROOT / "benchmarks/contenders").glob("*.py"))

# What a task may cost, in calls of Python and C functions: exact figures, which differ a little between Pythons.
# To change one, run the test with `-rP`, which prints what was counted, and write that here, rounded up by a few
# per cent; a figure that rises says in the commit what it buys.
# The first two are times what bare httpx needs for the same: `Client.request` and `json.loads`.
CREATE_BATCH_TIMES_HTTPX = 1.05
GET_BATCH_TIMES_HTTPX = 1.05
ONE_JOB = 34
ONE_CHECKED_LINE = 11
ONE_JOINED_ROW = 70


# --- counts


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The benchmarks' server, its files in a folder of the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        bulk.listen(Service(tmp_path), listener, url)
        yield url


def _steady(act: Callable[[], object]) -> int:
    """What an act costs once it is warm; the same twice, or it could not be held to anything."""
    for _ in range(3):
        act()
    count = counted(act)
    assert count == counted(act)
    return count


def _bare(http: httpx.Client, method: str, url: str, body: object = None) -> Callable[[], object]:
    key = {"Authorization": "Bearer k"}
    return lambda: json.loads(http.request(method, url, json=body, headers=key).content)


def test_the_calls_that_create_batch_makes(origin: str) -> None:
    """`create_batch` calls no more functions than bare httpx does for the same request, within its ceiling."""
    body = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    with Together("k", f"{origin}/v1") as client, httpx.Client() as http:
        ours = _steady(lambda: client.batches.create_batch("file-1", "/v1/chat/completions"))
        bare = _steady(_bare(http, "POST", f"{origin}/v1/batches", body))
    print(f"create_batch: {ours}, httpx: {bare}, times: {ours / bare:.3f}")
    assert ours <= CREATE_BATCH_TIMES_HTTPX * bare


def test_the_calls_that_get_batch_makes(origin: str) -> None:
    """`get_batch` calls no more functions than bare httpx does for the same request, within its ceiling."""
    with Together("k", f"{origin}/v1") as client, httpx.Client() as http:
        ours = _steady(lambda: client.batches.get_batch("job-1"))
        bare = _steady(_bare(http, "GET", f"{origin}/v1/batches/job-1"))
    print(f"get_batch: {ours}, httpx: {bare}, times: {ours / bare:.3f}")
    assert ours <= GET_BATCH_TIMES_HTTPX * bare


def test_the_calls_that_one_job_of_a_list_costs() -> None:
    """A job becomes a value within its ceiling."""
    raw = data.jobs(100)
    cost = _steady(lambda: [batch_job(job) for job in raw]) / 100
    print(f"one job: {cost}")
    assert cost <= ONE_JOB


def test_the_calls_that_one_checked_line_costs(tmp_path: Path) -> None:
    """A request line is checked within its ceiling."""
    few, many = tmp_path / "few.jsonl", tmp_path / "many.jsonl"
    data.write_requests(few, 100, 300)
    data.write_requests(many, 200, 300)
    cost = (_steady(lambda: check_requests(many)) - _steady(lambda: check_requests(few))) / 100
    print(f"one checked line: {cost}")
    assert cost <= ONE_CHECKED_LINE


def test_the_calls_that_one_joined_row_costs(tmp_path: Path) -> None:
    """An answer is put beside its request within its ceiling, whatever the way the answers come."""
    service = Service(tmp_path)

    def answered(request: httpx.Request) -> httpx.Response:
        answer = service.answer(request.method, request.url.raw_path.decode(), "http://127.0.0.1")
        status, body = answer.data.split(b" ", 2)[1], answer.data.partition(b"\r\n\r\n")[2]
        body = answer.content.read_bytes() if answer.content else body
        return httpx.Response(int(status), stream=httpx.ByteStream(body))

    costs = []
    with httpx.Client(transport=httpx.MockTransport(answered)) as http:
        client = Together("k", "http://127.0.0.1/v1", http_client=http)
        for count in (100, 200):
            requests, answers = tmp_path / f"requests-{count}.jsonl", tmp_path / f"answers-{count}.jsonl"
            data.write_requests(requests, count, 300)
            data.write_answers(answers, count, 300)
            output = tmp_path / "output.jsonl"
            collect = lambda: client.batches.collect(answers.name, output=output, requests=requests)  # noqa: B023, E731
            costs.append(_steady(collect))
            assert count == len(output.read_text().splitlines())
    cost = (costs[1] - costs[0]) / 100
    print(f"one joined row: {cost}")
    assert cost <= ONE_JOINED_ROW


# --- figures


def test_a_summary_is_the_median_and_the_ends() -> None:
    """One odd round moves the ends and not the figure."""
    assert Summary(2.0, 1.0, 90.0) == summary([1.0, 90.0, 2.0])


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that slows down for a round slows both, and the ratio stays."""
    assert Summary(0.5, 0.5, 0.5) == ratio([1.0, 5.0, 2.0], [2.0, 10.0, 4.0])


def test_figures_are_rounded_to_what_is_no_noise() -> None:
    """Four digits are kept, at any size."""
    assert [1234.0, 0.001235, 98770.0] == [rounded(value) for value in (1234.0, 0.00123456, 98765.4)]


def _results(**areas: dict[str, CaseResult]) -> Results:
    machine = {"cores": "2", "processor": "a processor", "system": "a system", "python": "a Python", "files": "here"}
    return Results("full", 3, machine, {"ours": "0.1.0"}, {"openai-3": "not installed"}, areas)


def _case(metric: str, **samples: list[float]) -> CaseResult:
    return CaseResult({name.replace("_", "-"): {metric: values} for name, values in samples.items()})


def test_results_are_the_same_after_a_trip_to_the_disk(tmp_path: Path) -> None:
    """What `save` writes `load` reads."""
    results = _results(calls={"create_batch": _case("cpu_us", ours=[1.0, 2.5], together_1=[3.0, 4.0])})
    results.areas["calls"]["create_batch"].leave_out("curl", "no curl on PATH")
    results.save(tmp_path / "results.json")
    assert results == load(tmp_path / "results.json")


def test_who_is_left_out_has_no_figures() -> None:
    """A contender that fails in a later round takes its earlier rounds with it."""
    result = CaseResult()
    result.add("curl", {"seconds": 1.0})
    result.leave_out("curl", "failed")
    assert ([], {"curl": "failed"}) == (result.values("curl", "seconds"), result.left_out)


# --- targets

TARGET = Target("list", "10,000 jobs", "seconds", of="together-1")


@pytest.mark.parametrize(
    ("bound", "ours", "theirs", "measured", "met"),
    [
        ({"at_most": 0.7}, [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], 0.5, True),
        ({"at_most": 0.4}, [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], 0.5, False),
        ({"at_least": 4.0}, [8.0], [2.0], 4.0, True),
        ({"at_least": 4.1}, [8.0], [2.0], 4.0, False),
        ({"plus": 8.0}, [30.0], [23.0], 7.0, True),
        ({"plus": 6.0}, [30.0], [23.0], 7.0, False),
        ({"at_most": 25.0, "of": ""}, [24.0], [], 24.0, True),
        ({"at_most": 25.0, "of": ""}, [26.0], [], 26.0, False),
        ({"at_most": 0.7}, [1.0], [], None, None),
        ({"at_most": 0.7}, [], [1.0], None, None),
    ],
)
def test_a_target_is_judged(
    bound: dict[str, Any], ours: list[float], theirs: list[float], measured: float | None, met: bool | None
) -> None:
    """Ratio, difference and plain figure are held to their bound; what was not measured is neither met nor missed."""
    target = Target(**{**TARGET.__dict__, **bound})
    results = _results(list={"10,000 jobs": _case("seconds", ours=ours, together_1=theirs)})
    (verdict,) = judge([target], results)
    assert (measured, met) == (verdict.measured, verdict.met)
    assert {True: "met", False: "missed", None: "not measured"}[met] == verdict.word


def test_a_target_says_its_bound() -> None:
    """The bound and what was measured are told in the same words."""
    said = [
        (target.limit("MB"), target.reached("MB", 7.0))
        for target in (
            Target("a", "b", "c", at_most=0.7, of="x"),
            Target("a", "b", "c", at_least=4.0, of="x", of_case="y"),
            Target("a", "b", "c", plus=8.0, of="x"),
            Target("a", "b", "c", at_most=25.0),
        )
    ]
    times = "\N{MULTIPLICATION SIGN}"
    assert [
        (f"≤ 0.7 {times} x", f"7 {times}"),
        (f"≥ 4 {times} x, y", f"7 {times}"),
        ("≤ x + 8 MB", "+7 MB"),
        ("≤ 25 MB", "7 MB"),
    ] == said


def test_targets_name_what_is_measured() -> None:
    """Each target has one bound, and names an area, a case, a figure and contenders that there are; no two are one."""
    targets = load_targets()
    areas = {area.name: area for area in AREAS}
    for target in targets:
        area = areas[target.area]
        cases = {case.name: {entry.name for entry in case.entries} for case in area.cases}
        assert target.metric in {metric.key for metric in area.metrics}, target
        assert target.ours in cases[target.case], target
        assert not target.of or target.of in cases[target.of_case or target.case], target
        assert 1 == sum(bound is not None for bound in (target.at_most, target.at_least, target.plus)), target
    assert len(targets) == len({target.key for target in targets})
    assert set(areas) == {target.area for target in targets}


def test_the_proof_compares_a_raw_socket_with_the_fastest() -> None:
    """For calls the clients count, for bytes all; where the server waits on purpose there is nothing to prove."""
    results = _results(
        calls={"get_batch": _case("per_second", ours=[10.0], httpx=[9.0], http_client=[50.0], socket=[31.0])},
        upload={"plain": _case("mb_per_second", ours=[10.0], curl=[40.0], socket=[39.0])},
    )
    results.areas["async"] = {"answers after 20 ms": _case("per_second", ours=[1.0], socket=[2.0])}
    told = proofs(results, ["ours", "httpx"])
    assert [("get_batch", "ours", True), ("plain", "curl", False)] == [(one.case, one.who, one.holds) for one in told]


# --- the gate


def _verdict(measured: float, **bound: Any) -> Verdict:
    return Verdict(Target("list", "10,000 jobs", "seconds", of="together-1", **bound), measured)


@pytest.mark.parametrize(
    ("bound", "before", "now", "worse"),
    [
        ({"at_most": 0.7}, 0.5, 0.62, False),
        ({"at_most": 0.7}, 0.5, 0.63, True),
        ({"at_most": 0.7}, 0.5, 0.1, False),
        ({"at_least": 4.0}, 5.0, 4.01, False),
        ({"at_least": 4.0}, 5.0, 3.99, True),
        ({"plus": 8.0}, 5.0, 6.9, False),
        ({"plus": 8.0}, 5.0, 7.1, True),
    ],
)
def test_the_gate_notices_what_got_worse(
    tmp_path: Path, bound: dict[str, Any], before: float, now: float, worse: bool
) -> None:
    """Worse than recorded by more than the tolerance, in the direction that is worse for the target."""
    gate.record([_verdict(before, **bound)], tmp_path / "gate.json")
    assert worse == bool(gate.worse([_verdict(now, **bound)], tmp_path / "gate.json"))


def test_the_gate_judges_only_what_it_can(tmp_path: Path) -> None:
    """What was not recorded, or is not measured now, is no failure."""
    recorded = _verdict(0.5, at_most=0.7)
    gate.record([recorded, Verdict(Target("a", "b", "c", at_most=1.0), None)], tmp_path / "gate.json")
    assert {"tolerance", "ratios"} == set(json.loads((tmp_path / "gate.json").read_text()))
    assert [] == gate.worse(
        [Verdict(recorded.target, None), Verdict(Target("d", "e", "f", at_most=1.0), 9.0)], tmp_path / "gate.json"
    )


def test_the_recorded_ratios_are_those_of_targets() -> None:
    """Every ratio that is recorded belongs to a target of today: a renamed one would never be compared again."""
    recorded = json.loads(gate.FILE.read_text())["ratios"]
    assert set() == set(recorded) - {target.key for target in load_targets()}
    assert recorded != {}


# --- the page and its charts


def test_the_page_is_what_its_figures_give() -> None:
    """docs/performance.md and its charts are those of the figures beside them; `scripts/bench --render` mends it."""
    results = load(command.RESULTS)
    verdicts = judge(load_targets(), results)
    assert page(results, AREAS, verdicts, proofs(results, command.CALLERS)) == command.PAGE.read_text()
    for area in AREAS:
        assert chart(area, results.areas[area.name]) == (command.CHARTS / f"{area.name}.svg").read_text()


def test_the_page_tells_what_was_left_out_and_what_was_missed() -> None:
    """Left out is told with its reason, a missed target in bold and with its note."""
    case = Case("get_batch", "get", (Entry("ours"), Entry("httpx"), Entry("curl")))
    area = Area("calls", "Calls", ("Calls are made.",), (CPU_US,), (case,))
    found = _case("cpu_us", ours=[300.0, 310.0], httpx=[200.0, 155.0])
    found.leave_out("curl", "no curl on PATH")
    target = Target("calls", "get_batch", "cpu_us", at_most=1.0, of="httpx", note="The parser takes half of it.\n")
    results = _results(calls={"get_batch": found})
    told = page(results, [area], judge([target], results), [Proof("calls", "get_batch", "1/s", 9.0, 1.0, "ours", 3.0)])
    assert "Left out: openai-3, not installed." in told
    assert "Left out: curl, no curl on PATH." in told
    assert "1.75 \N{MULTIPLICATION SIGN}, missed.\n  The parser takes half of it.\n" in told
    assert "**missed**" in told
    assert "| **ours** " in told
    assert "1.75 \N{MULTIPLICATION SIGN} (1.50 to 2.00)" in told


def test_a_chart_is_well_formed_and_in_proportion() -> None:
    """The SVG parses, has a bar for each contender on one scale, escapes names, and stays within its width."""
    bars = [Bar("ours", "ours", Summary(50.0, 40.0, 60.0)), Bar("<a> & b", "peer", Summary(100.0, 90.0, 200.0))]
    tree = ElementTree.fromstring(drawn("A title", "time, s", [Group("one", bars)]))
    spaces = {"svg": "http://www.w3.org/2000/svg"}
    widths = [
        float(bar.attrib["width"]) for bar in tree.findall("svg:rect", spaces) if bar.attrib.get("height") == "14"
    ]
    assert 2 * widths[0] == pytest.approx(widths[1], abs=0.2)
    assert "<a> & b" in {text.text for text in tree.findall("svg:text", spaces)}
    assert all(float(text.attrib["x"]) < WIDTH for text in tree.findall("svg:text", spaces))
    assert "prefers-color-scheme: dark" in ElementTree.tostring(tree, encoding="unicode")


# --- the contenders and the runner


def _tasks(path: Path) -> set[str]:
    """The tasks in the table that a contender's file gives to `main`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    tables = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "main"]
    return {ast.literal_eval(key) for table in tables if isinstance(table, ast.Dict) for key in table.keys if key}


def test_each_contender_has_the_tasks_it_takes_part_in() -> None:
    """No entry of a case names a task that its contender has not."""
    for area in AREAS:
        for case in area.cases:
            for entry in case.entries:
                if case.task in runner.PROGRAMS:
                    assert entry.contender in runner.PROGRAMS[case.task], (case.name, entry.name)
                else:
                    file = ROOT / "benchmarks/contenders" / CONTENDERS[entry.contender].program
                    assert (entry.task or case.task) in _tasks(file), (case.name, entry.name)


def test_a_quick_run_takes_whom_a_target_names() -> None:
    """Every target of a case that is in a quick run can be judged by it."""
    targets = load_targets()
    plan = Plan(1, {}, True, needed(targets))
    for area in AREAS:
        for case in area.cases:
            names = {entry.name for entry in plan.entries(area, case)}
            for target in targets:
                if (target.area, target.case) == (area.name, case.name) and not target.of_case:
                    assert {target.ours, target.of} - {""} <= names, target
    assert not {"openai-3"} & {
        entry.name for area in AREAS for case in area.cases for entry in plan.entries(area, case)
    }


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A stage with its server."""
    with opened() as stage:
        yield stage


@pytest.fixture
def one_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contender runs in the environment of the tests."""
    monkeypatch.setattr(runner, "python_of", lambda environment: Path(sys.executable))


SMALL: dict[str, dict[str, int | str]] = {
    "create": {"count": 3},
    "get": {"count": 3},
    "crowd": {"count": 8, "in_flight": 4},
    "list": {"count": 10},
    "upload": {"size": 3_000_000},
    "download": {"size": 3_000_000},
    "check": {"count": 20, "line": 1000},
    "build": {"count": 20},
    "join": {"count": 20, "line": 1000},
    "collect": {"count": 20, "line": 1000},
}
WITHOUT_PEERS = ("ours", "httpx", "http.client", "socket", "json", "msgspec", "curl")


# One of each kind: the sizes are what others differ in.
KINDS = {(case.task, case.front): case for area in reversed(AREAS) for case in reversed(area.cases)}


@pytest.mark.parametrize("case", KINDS.values(), ids=lambda case: f"{case.task} {case.front}")
@pytest.mark.usefixtures("one_python")
def test_a_case_runs(stage: Stage, case: Case) -> None:
    """A case gives figures for all that the environment of the tests has, at the smallest size."""
    entries = [entry for entry in case.entries if entry.contender in (*WITHOUT_PEERS, "python")]
    size = case.given | SMALL.get(case.task, {})
    found = run_case(case, entries, size, stage, Plan(1, {}))
    allowed = {"curl": "no curl on PATH", "ours": "this version has no write_requests"}
    assert {} == {name: why for name, why in found.left_out.items() if allowed.get(name) != why}
    assert {entry.name for entry in entries} == found.samples.keys() | found.left_out.keys()
    for sample in found.samples.values():
        assert all(len(values) == 1 and values[0] >= 0 for values in sample.values())
    assert [] == [*stage.folder.glob("output-*")]


@pytest.mark.usefixtures("one_python")
def test_what_fails_is_left_out_and_the_others_go_on(stage: Stage) -> None:
    """A contender without the task, one whose package is not there, and a missing environment harm no other."""
    case = Case("get", "get", (Entry("httpx"), Entry("json"), Entry("aiohttp"), Entry("together-3")), {"count": 3})
    area = Area("calls", "Calls", ("",), (CPU_US,), (replace(case, front="calls"),))
    said: list[str] = []
    missing = {"together-3": "not installed"}
    found = run_area(area, stage, Plan(2, missing), said.append)["get"]
    assert ["httpx"] == [*found.samples]
    assert 2 == len(found.values("httpx", "cpu_us"))
    assert ("has no such task", "not installed") == (found.left_out["json"], found.left_out["together-3"])
    assert found.left_out["aiohttp"].startswith("failed: ModuleNotFoundError")
    assert 3 == sum("left out" in line for line in said)


def test_a_stage_leaves_nothing_behind() -> None:
    """The folder is gone and the server has ended when the stage closes, after an error too."""

    def fail() -> None:
        with opened() as stage:
            stages.append(stage)
            raise LeftOut

    stages: list[Stage] = []
    with pytest.raises(LeftOut):
        fail()
    (stage,) = stages
    host, _, port = stage.origins["calls"].removeprefix("http://").partition(":")
    assert not stage.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_contenders_see_nothing_of_the_machine(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, key or address of the one who measures reaches what is measured; trust only where there is TLS."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("TOGETHER_API_KEY", "secret")
    assert {"PATH", "HOME", "TMPDIR"} == set(stage.variables(tls=False))
    assert str(stage.authority) == stage.variables(tls=True)["SSL_CERT_FILE"]


def test_locks_have_hashes_and_no_index() -> None:
    """Each environment of ours has a lock, and each line of it a hash."""
    for name in environments.OWN:
        lock = (ROOT / f"benchmarks/requirements-{name}.txt").read_text()
        assert "://" not in lock
        assert lock.count("==") <= lock.count("--hash=sha256:")


def test_wrong_arguments_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An area that there is not, and a gate without a file, end with status 2 before anything is measured."""
    for words in (["nowhere"], ["--gate", "nowhere.json"]):
        with pytest.raises(SystemExit) as ended:
            command.main(words)
        assert 2 == ended.value.code
    assert "no area is called nowhere" in capsys.readouterr().err


# --- the data and the server


def test_data_is_made_by_a_seed(tmp_path: Path) -> None:
    """The same call gives the same bytes, lines have about the size asked for, answers are those of requests."""
    for name in ("one", "two"):
        data.write_requests(tmp_path / f"{name}.requests", 300, 2000 - 380)
        data.write_answers(tmp_path / f"{name}.answers", 300, 2000 - 560)
        data.write_bytes(tmp_path / f"{name}.bytes", 1_100_000)
    for kind in ("requests", "answers", "bytes"):
        one, two = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two
        assert kind == "bytes" or 1900 < len(one) / 300 < 2100
    ids = [
        [json.loads(line)["custom_id"] for line in (tmp_path / f"one.{kind}").read_text().splitlines()]
        for kind in ("requests", "answers")
    ]
    assert sorted(ids[0]) == ids[0] == sorted(ids[1]) != ids[1]
    assert 1_100_000 == (tmp_path / "one.bytes").stat().st_size
    assert data.jobs(5) == data.jobs(7)[:5]


def test_the_server_answers_as_its_base_url_says(tmp_path: Path) -> None:
    """Length of the list, delay and shape of an answer are knobs in the path, in any order."""
    service = Service(tmp_path)

    def body(path: str, method: str = "GET") -> Any:
        return json.loads(service.answer(method, path, "http://o").data.partition(b"\r\n\r\n")[2])

    assert 3 == len(body("/jobs-3/v1/batches"))
    assert 3 == len(body("/jobs-3/openai/v1/batches")["data"])
    assert "job-1" == body("/v1/batches", "POST")["job"]["id"] == body("/openai/v1/batches", "POST")["id"]
    assert 0.02 == service.answer("GET", "/delay-20/jobs-3/v1/batches", "http://o").delay_seconds
    assert service.answer("DELETE", "/v1/batches", "http://o").data.startswith(b"HTTP/1.1 404 ")


def test_the_server_holds_what_was_stored(origin: str, tmp_path: Path) -> None:
    """The file that a confirmed upload describes has the size of what was PUT."""
    with httpx.Client(base_url=f"{origin}/v1") as http:
        ticket = http.post("/files", data={"purpose": "fine-tune"})
        for size in (5, 3_000_000):
            assert 200 == http.put(ticket.headers["Location"], content=b"x" * size).status_code
            name = ticket.headers["X-Together-File-Id"]
            assert size == http.post(f"/files/{name}/preprocess").json()["bytes"]
        (tmp_path / "some.jsonl").write_bytes(b"y" * 100_000)
        assert b"y" * 100_000 == http.get("/files/some.jsonl/content").content
        assert 100_000 == http.get("/files/some.jsonl").json()["bytes"]


def test_a_body_over_tls_is_passed_over(tmp_path: Path) -> None:
    """What is large is answered without having been decrypted, and the client is told that the connection ends."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        bulk.listen(Service(tmp_path), listener, url, server_side)
        with httpx.Client(verify=trust) as http:
            stored = http.put(f"{url}/v1/storage/new", content=b"x" * 3_000_000)
            assert (200, "close") == (stored.status_code, stored.headers["connection"])
            assert 3_000_000 == http.post(f"{url}/v1/files/new.jsonl/preprocess").json()["bytes"]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.lists(st.integers(1, 900), max_size=30))
def test_records_are_counted_however_they_are_cut(sizes: list[int], cuts: list[int]) -> None:
    """What the records of a stream hold does not depend on the pieces that they come in."""
    stream = b"".join(b"\x17\x03\x03" + (size + 17).to_bytes(2) + bytes(size + 17) for size in sizes)
    records = Records()
    for cut in cuts:
        records.feed(stream[:cut])
        stream = stream[cut:]
    records.feed(memoryview(stream))
    assert sum(sizes) == records.held


class Written:
    """Stands for a transport: what was written to it."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.mark.anyio
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_the_crowd_is_answered_in_whatever_pieces_it_asks(tmp_path: Path, step: int) -> None:
    """Requests that come in pieces, or several at once, are answered each once, in their order."""
    connection, written = Connection(Service(tmp_path), "http://o"), Written()
    connection._transport = written  # type: ignore[assignment]
    asked = b"POST /v1/batches HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody" + b"GET /v1/batches/a HTTP/1.1\r\n\r\n"
    for start in range(0, len(asked), step):
        connection.data_received(asked[start : start + step])
    assert [b"201", b"200"] == re.findall(rb"HTTP/1.1 (\d+)", written.data)


@pytest.mark.anyio
async def test_a_late_answer_waits_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay is a timer of the event loop for each answer: 64 at once are each late by the same."""
    timers: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda delay, write, answer: timers.append((delay, answer)))
    for _ in range(64):
        connection, written = Connection(Service(tmp_path), "http://o"), Written()
        connection._transport = written  # type: ignore[assignment]
        connection.data_received(b"GET /delay-20/v1/batches/a HTTP/1.1\r\n\r\n")
        assert b"" == written.data
    assert [0.02] * 64 == [delay for delay, _ in timers]


def test_the_head_of_a_request_is_read() -> None:
    """Method, path, length of the body, and whether the client waits for a word; a chunked body is refused."""
    asked = head.read(b"PUT /a HTTP/1.1\r\ncontent-LENGTH: 12\r\nExpect: 100-continue\r\n\r\n")
    assert ("PUT", "/a", 12, True) == (asked.method, asked.target, asked.body_size, asked.expects)
    with pytest.raises(ValueError, match="chunked"):
        head.read(b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
