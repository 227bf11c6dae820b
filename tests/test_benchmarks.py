"""What tasks cost, in calls of functions, has a ceiling; and the benchmarks run whom they say, and tell of the others.

No test here reads a clock: how long things take is told by `scripts/bench`.
"""

from __future__ import annotations

import ast
import json
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from benchmarks import __main__ as command
from benchmarks import data, environments, runner
from benchmarks.areas import AREAS, CPU_US, Area, Case, Entry
from benchmarks.contestants import CONTENDERS
from benchmarks.counts import counted
from benchmarks.runner import LeftOut, Plan, run_area, run_case
from benchmarks.server import bulk
from benchmarks.server.service import Service
from benchmarks.stage import Stage, opened
from benchmarks.targets import load as load_targets
from benchmarks.targets import needed
from house import ROOT
from together_batches import Together, check_requests, write_requests
from together_batches._listing import batch_jobs

# What a task may cost, in calls of Python and C functions: exact figures, which differ a little between Pythons.
# To change one, run the test with `-rP`, which prints what was counted, and write that here, rounded up by a few
# per cent; a figure that rises says in the commit what it buys.
# The first two are times what bare httpx needs for the same: `Client.request` and `json.loads`.
CREATE_BATCH_TIMES_HTTPX = 0.14
GET_BATCH_TIMES_HTTPX = 0.15
ONE_JOB = 23
ONE_CHECKED_LINE = 8
ONE_BUILT_REQUEST = 7
ONE_JOINED_ROW = 29


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
    """`create_batch` calls a seventh of the functions that bare httpx does for the same request."""
    body = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    with Together("k", f"{origin}/v1") as client, httpx.Client() as http:
        ours = _steady(lambda: client.batches.create_batch("file-1", "/v1/chat/completions"))
        bare = _steady(_bare(http, "POST", f"{origin}/v1/batches", body))
    print(f"create_batch: {ours}, httpx: {bare}, times: {ours / bare:.3f}")
    assert ours <= CREATE_BATCH_TIMES_HTTPX * bare


def test_the_calls_that_get_batch_makes(origin: str) -> None:
    """`get_batch` calls a seventh of the functions that bare httpx does for the same request."""
    with Together("k", f"{origin}/v1") as client, httpx.Client() as http:
        ours = _steady(lambda: client.batches.get_batch("job-1"))
        bare = _steady(_bare(http, "GET", f"{origin}/v1/batches/job-1"))
    print(f"get_batch: {ours}, httpx: {bare}, times: {ours / bare:.3f}")
    assert ours <= GET_BATCH_TIMES_HTTPX * bare


def test_the_calls_that_one_job_of_a_list_costs() -> None:
    """A job becomes a value within its ceiling."""
    raw = json.dumps(data.jobs(100)).encode()
    cost = _steady(lambda: list(batch_jobs(raw) or ())) / 100
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


def test_the_calls_that_one_built_request_costs(tmp_path: Path) -> None:
    """A request is held to the rules and written within its ceiling."""
    requests = [(f"request-{number}", {"model": "m", "messages": [{"content": "x" * 300}]}) for number in range(6400)]
    costs = [_steady(lambda n=n: write_requests(tmp_path / "out", requests[:n])) for n in (3200, 6400)]
    cost = (costs[1] - costs[0]) / 3200
    print(f"one built request: {cost}")
    assert cost <= ONE_BUILT_REQUEST


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


def test_without_this_client_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the environment of the client itself is not there the command says how to make it, with status 2."""
    monkeypatch.setattr(environments, "PLACE", ROOT / "nowhere")
    assert 2 == command.main(["calls"])
    assert "scripts/bench --install" in capsys.readouterr().err
