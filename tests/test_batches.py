"""Waiting for a job and getting every answer, as traces of what the flow asks of the world."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from flows import RESET, SETTINGS, START, TIMED_OUT, Trace, reply
from together_batches import (
    APIConnectionError,
    AuthenticationError,
    BatchFailedError,
    BatchJob,
    BatchJobStatus,
    BatchResult,
    DownloadError,
    FileCheckError,
    InvalidArgumentError,
    JobNotFinishedError,
    NotFoundError,
    RunSummary,
    Usage,
    WaitTimeoutError,
)
from together_batches._batches import find
from together_batches._create import Claims
from together_batches._effects import Call, Fetch, Fetched, Flow, Put, Reply
from together_batches._retry import Policy
from together_batches._runs import collect, fetch_results, rows_of, run_file, submit
from together_batches._wait import PATIENCE_SECONDS, wait

ENDPOINT = "/v1/chat/completions"
IMPATIENT = evolve(SETTINGS, policy=Policy(max_retries=0))


def job(status: str | None = "IN_PROGRESS", **fields: Any) -> Reply:
    return reply(200, {"id": "job-1", "status": status, **fields})


def ended(status: str = "COMPLETED", **fields: Any) -> BatchJob:
    return BatchJob(id="job-1", status=BatchJobStatus(status), **fields)


def waiting(timeout: float | None = None, told: list[BatchJob] | None = None, **options: Any) -> Flow[BatchJob]:
    on_update = None if told is None else told.append
    return wait("job-1", timeout, on_update, options.pop("settings", SETTINGS), **options)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "EXPIRED", "CANCELLED"])
def test_a_job_that_has_ended_is_not_waited_for(status: str) -> None:
    """One look is enough."""
    trace = Trace(job(status))
    assert ended(status) == trace.run(waiting())
    assert ([], ["GET /batches/job-1"]) == (trace.sleeps, trace.calls)


@pytest.mark.parametrize("status", ["VALIDATING", "IN_PROGRESS", "CANCELING", "PAUSED", None])
def test_a_job_that_may_go_on_is_waited_for(status: str | None) -> None:
    """An unknown status is no end."""
    assert ended() == Trace(job(status), job("COMPLETED")).run(waiting())


def test_polls_slow_down() -> None:
    """From 1 s, each pause half as long again, with a fifth of jitter, up to 30 s."""
    trace = Trace(*[job()] * 12, job("COMPLETED"))
    trace.run(waiting())
    middles = [min(30.0, 1.5**n) for n in range(12)]
    assert [(max(1.0, middle * 0.8), min(30.0, middle * 1.2)) for middle in middles] == [
        (pytest.approx(low), pytest.approx(high)) for low, high in trace.sleeps
    ]
    assert all(1.0 <= low <= high <= 30.0 for low, high in trace.sleeps)


def test_each_change_is_told_once() -> None:
    """A job that stays as it is is not news; any field that changes is."""
    told: list[BatchJob] = []
    looks = [job("VALIDATING"), job("VALIDATING"), job(progress=1), job(progress=1), job(progress=2), job("COMPLETED")]
    last = Trace(*looks).run(waiting(told=told))
    assert [("VALIDATING", 0.0), ("IN_PROGRESS", 1.0), ("IN_PROGRESS", 2.0), ("COMPLETED", 0.0)] == [
        (seen.status, seen.progress) for seen in told
    ]
    assert told[-1] == last


def test_what_was_told_before_is_no_change() -> None:
    """A run has told of the job that it created."""
    told: list[BatchJob] = []
    Trace(job("VALIDATING"), job("COMPLETED")).run(waiting(told=told, known=ended("VALIDATING")))
    assert ["COMPLETED"] == [seen.status for seen in told]


def test_a_wait_ends_at_its_time() -> None:
    """The last pause is cut to what is left, and after it there is one more look; the error carries the job."""
    trace = Trace(*[job(progress=n) for n in range(5)])
    with pytest.raises(WaitTimeoutError, match=r"job job-1 has not ended after 7 s \(status IN_PROGRESS\)") as caught:
        trace.run(waiting(7.0))
    assert caught.value.job is not None
    assert 4.0 == caught.value.job.progress
    assert 7.0 == pytest.approx(sum(high for _, high in trace.sleeps))
    assert ended() == Trace(job(), job("COMPLETED")).run(waiting(1.0))


def test_a_wait_without_time_is_a_look() -> None:
    """`timeout=0` asks once."""
    trace = Trace(job())
    with pytest.raises(WaitTimeoutError):
        trace.run(waiting(0))
    assert [] == trace.sleeps
    assert ended() == Trace(job("COMPLETED")).run(waiting(0))


@pytest.mark.parametrize("timeout", [-1, -0.1, float("nan")])
def test_a_time_that_is_none_is_refused(timeout: float) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidArgumentError, match="give seconds, or None"):
        Trace().run(waiting(timeout))


PASSING = [RESET, TIMED_OUT, reply(429), reply(500), reply(503), reply(408), reply(200, b"<html>"), reply(200, {})]


@pytest.mark.parametrize("trouble", PASSING)
def test_passing_failures_are_sat_out(trouble: Any) -> None:
    """What says nothing about the job does not end the wait; the polls go on."""
    assert ended() == Trace(job(), trouble, trouble, job("COMPLETED")).run(waiting(settings=IMPATIENT))


@pytest.mark.parametrize(("trouble", "error"), [(reply(404), NotFoundError), (reply(401), AuthenticationError)])
def test_a_failure_that_stays_ends_the_wait(trouble: Reply, error: type[Exception]) -> None:
    """An unknown job, or a key that is refused."""
    with pytest.raises(error):
        Trace(job(), trouble).run(waiting())


def test_patience_ends() -> None:
    """An hour without a word ends the wait; any word begins the hour anew."""
    trace = Trace(*[RESET] * 1000)
    with pytest.raises(APIConnectionError):
        trace.run(waiting(settings=IMPATIENT))
    assert PATIENCE_SECONDS < trace.seconds < PATIENCE_SECONDS + 60
    almost = [RESET] * 110
    assert ended() == Trace(*almost, job(), *almost, job("COMPLETED")).run(waiting(settings=IMPATIENT))


def test_a_wait_that_heard_nothing_says_so() -> None:
    """The time is over before the service was reached once."""
    with pytest.raises(WaitTimeoutError, match="status unknown") as caught:
        Trace(*[RESET] * 20).run(waiting(5.0, settings=IMPATIENT))
    assert caught.value.job is None


def test_an_id_that_is_none_is_not_waited_for() -> None:
    """It cannot become one."""
    with pytest.raises(InvalidArgumentError):
        Trace().run(wait("..", None, None, SETTINGS))


def request(custom_id: str) -> bytes:
    return json.dumps({"custom_id": custom_id, "body": {"model": "m"}}).encode() + b"\n"


def answer(custom_id: str) -> bytes:
    body = {"text": custom_id, "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
    return json.dumps({"custom_id": custom_id, "response": {"status_code": 200, "body": body}}).encode() + b"\n"


def failure(custom_id: str) -> bytes:
    return json.dumps({"custom_id": custom_id, "error": {"message": "no", "code": "bad"}}).encode() + b"\n"


def held(body: bytes) -> list[Any]:
    """The answers that a download of a file takes."""

    def content(fetch: Fetch) -> Fetched:
        head = reply(200, content_length=str(len(body)))
        assert fetch.begin(head)
        fetch.sink.write(body)
        return Fetched(head)

    return [reply(200, {"id": "file", "bytes": len(body)}), content]


BOTH = ended(output_file_id="out", error_file_id="err")


def results(known: BatchJob | str, *answers: Any) -> tuple[list[BatchResult], Trace]:
    trace = Trace(*answers)
    with ExitStack() as stack:
        _, spools = trace.run(fetch_results(known, stack, None, SETTINGS))
        return list(rows_of(spools)), trace


def test_results_are_answers_and_errors() -> None:
    """Every row of both files, answers first; blank lines are none, broken ones are."""
    rows, trace = results(BOTH, *held(answer("b") + b"\n" + answer("a")), *held(failure("c") + b"broken"))
    assert [("b", True), ("a", True), ("c", False), (None, False)] == [(row.custom_id, row.ok) for row in rows]
    assert ["GET /files/out", "GET /files/err"] == trace.calls


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"output_file_id": "out"}, ["a"]), ({"error_file_id": "err"}, ["a"]), ({"output_file_id": ""}, []), ({}, [])],
)
def test_a_job_may_have_one_file_or_none(fields: dict[str, str], expected: list[str]) -> None:
    """What is there is got."""
    rows, _ = results(ended("EXPIRED", **fields), *(held(answer("a")) if expected else []))
    assert expected == [row.custom_id for row in rows]


@pytest.mark.parametrize("known", ["job-1", ended("IN_PROGRESS"), BatchJob(id="job-1")])
def test_a_job_that_may_have_ended_is_looked_at(known: BatchJob | str) -> None:
    """By its id, or as it was last seen."""
    rows, trace = results(known, job("COMPLETED", output_file_id="out"), *held(answer("a")))
    assert (1, "GET /batches/job-1") == (len(rows), trace.calls[0])


@pytest.mark.parametrize("status", ["IN_PROGRESS", "CANCELING", None])
def test_a_job_that_goes_on_has_no_results(status: str | None) -> None:
    """The error carries it, and says how to wait."""
    with pytest.raises(JobNotFinishedError, match=r"wait for it with client\.batches\.wait\('job-1'\)") as caught:
        results("job-1", job(status))
    assert caught.value.job is not None
    assert "job-1" == caught.value.job.id


@pytest.mark.parametrize(("error", "words"), [("line 3 is broken", "line 3 is broken"), (None, "gave no reason")])
def test_a_job_that_failed_as_a_whole_has_no_results(error: str | None, words: str) -> None:
    """The service's words are the error; where it left files all the same, they are got."""
    failed = ended("FAILED", error=error)
    with pytest.raises(BatchFailedError, match=f"job job-1 failed: .*{words}") as caught:
        results(failed)
    assert failed == caught.value.job
    assert 1 == len(results(evolve(failed, error_file_id="err"), *held(failure("a")))[0])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_failed_download_leaves_nothing_open() -> None:
    """The temporary files are closed."""
    before = open_files()
    with pytest.raises(NotFoundError):
        results(BOTH, *held(answer("a")), reply(404))
    assert before == open_files()


def gathered(
    tmp_path: Path, requests: Any, *answers: Any, known: BatchJob | str = BOTH
) -> tuple[RunSummary, list[Any]]:
    summary = Trace(*answers).run(collect(known, tmp_path / "out.jsonl", requests, None, SETTINGS))
    return summary, [json.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]


def test_results_are_joined_to_requests(tmp_path: Path) -> None:
    """In the order of the request file, with the whole account."""
    requests = io.BytesIO(request("a") + request("b") + request("c"))
    requests.name = "a.jsonl"
    summary, rows = gathered(tmp_path, requests, *held(answer("c") + answer("x")), *held(failure("b")))
    assert ["a", "b", "c", "x"] == [row["custom_id"] for row in rows]
    assert (
        RunSummary(
            job=BOTH,
            output=tmp_path / "out.jsonl",
            requests=3,
            answered=1,
            failed={"bad": 1},
            missing=1,
            unmatched=1,
            usage=Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3),
        )
        == summary
    )


def test_results_without_requests_are_written_as_they_came(tmp_path: Path) -> None:
    """Nothing is counted that is not known."""
    summary, rows = gathered(tmp_path, None, *held(answer("c") + answer("a")), *held(failure("b")))
    assert ["c", "a", "b"] == [row["custom_id"] for row in rows]
    assert (None, 2, {"bad": 1}, 0, 0) == (
        summary.requests,
        summary.answered,
        summary.failed,
        summary.missing,
        summary.unmatched,
    )


def test_requests_may_be_a_file_object_without_a_name(tmp_path: Path) -> None:
    """Only what is uploaded needs a name."""
    summary, _ = gathered(tmp_path, io.BytesIO(request("a")), *held(answer("a")), known=ended(output_file_id="out"))
    assert (1, 1) == (summary.requests, summary.answered)


def test_a_failed_collect_leaves_what_was_there(tmp_path: Path) -> None:
    """The old output stays, and nothing is left beside it."""
    output = tmp_path / "out.jsonl"
    output.write_bytes(b"old")
    before = open_files()
    with pytest.raises(NotFoundError):
        gathered(tmp_path, None, *held(answer("a")), reply(404))
    assert (b"old", [output], before) == (output.read_bytes(), list(tmp_path.iterdir()), open_files())


def test_wrong_paths_cost_no_download(tmp_path: Path) -> None:
    """Neither a folder as output nor requests that are not there."""
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        Trace().run(collect(BOTH, tmp_path, None, None, SETTINGS))
    with pytest.raises(InvalidArgumentError, match="No such file"):
        gathered(tmp_path, tmp_path / "missing.jsonl")
    assert [] == list(tmp_path.iterdir())


def storage(put: Put) -> Reply:
    b"".join(put.body)
    return reply(200)


def uploaded(size: int) -> list[Any]:
    """The answers that an upload takes."""
    started = reply(302, location="https://storage.test/x", x_together_file_id="in")
    return [started, storage, reply(200, {"id": "in", "bytes": size})]


def created(**fields: Any) -> Reply:
    return reply(201, {"job": {"id": "job-1", "status": "VALIDATING"}, **fields})


def test_a_file_is_submitted_in_one_call(tmp_path: Path) -> None:
    """Checked, uploaded, and its job created, with the progress of the upload."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(request("a"))
    told: list[int] = []
    trace = Trace(*uploaded(path.stat().st_size), created(warning="slow"))
    made = trace.run(submit(path, ENDPOINT, lambda done, total: told.append(done), Claims(), SETTINGS))
    assert ("job-1", "slow") == (made.id, made.warning)
    assert ["POST /files", "POST /files/in/preprocess", "POST /batches"] == trace.calls
    assert [path.stat().st_size] == told


def test_a_file_that_breaks_a_rule_is_not_submitted(tmp_path: Path) -> None:
    """The rules are those of the endpoint."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(request("a"))
    with pytest.raises(FileCheckError, match="FILE"):
        Trace().run(submit(path, "/v1/audio/transcriptions", None, Claims(), SETTINGS))


def whole(file: Any, output: Path, **options: Any) -> Flow[RunSummary]:
    values = {"timeout": None, "on_upload": None, "on_update": None, "on_download": None, **options}
    return run_file(file, output, ENDPOINT, claims=Claims(), settings=SETTINGS, **values)


RUN = [*uploaded(len(request("a"))), created(warning="slow"), job("VALIDATING"), job("COMPLETED", output_file_id="out")]


@pytest.mark.parametrize("kind", ["path", "file", "memory"])
def test_the_whole_way(tmp_path: Path, kind: str) -> None:
    """Submit, wait, collect, of a path or of a file object; each change is told once, and the time is that of all."""
    path, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(request("a"))
    memory = io.BytesIO(path.read_bytes())
    memory.name = "in.jsonl"
    told: list[BatchJob] = []
    sent: list[int] = []
    got: list[int] = []
    trace = Trace(*RUN, *held(answer("a")))
    with path.open("rb") as opened:
        summary = trace.run(
            whole(
                {"path": path, "file": opened, "memory": memory}[kind],
                output,
                on_update=told.append,
                on_upload=lambda done, total: sent.append(done),
                on_download=lambda done, total: got.append(done),
            )
        )
    assert [("VALIDATING", "slow"), ("COMPLETED", None)] == [(seen.status, seen.warning) for seen in told]
    assert (1, 1, True) == (summary.requests, summary.answered, summary.all_answered)
    assert pytest.approx(trace.seconds) == summary.elapsed_seconds > 0
    assert ([len(request("a"))], [len(answer("a"))]) == (sent, got)
    assert ["a"] == [json.loads(line)["custom_id"] for line in output.read_bytes().splitlines()]
    assert {path, output} == set(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """It is found out before the job is paid for, and a file that is there is left alone."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(request("a"))
    with pytest.raises(InvalidArgumentError):
        Trace().run(whole(path, tmp_path / "missing" / "out"))
    output = tmp_path / "out.jsonl"
    output.write_bytes(b"old")
    with pytest.raises(WaitTimeoutError):
        Trace(*RUN[:-1]).run(whole(path, output, timeout=0))
    assert b"old" == output.read_bytes()


def test_a_job_that_fails_in_a_run_is_an_error(tmp_path: Path) -> None:
    """With the job, and without an output."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(request("a"))
    with pytest.raises(BatchFailedError, match="bad file"):
        Trace(*RUN[:-1], job("FAILED", error="bad file")).run(whole(path, tmp_path / "out.jsonl"))
    assert [path] == list(tmp_path.iterdir())


BEGAN = datetime.fromtimestamp(START.unix, UTC)


def listed(id: str, hours: float | None, **fields: Any) -> dict[str, Any]:
    created_at = {} if hours is None else {"created_at": (BEGAN + timedelta(hours=hours)).isoformat()}
    return {"id": id, "input_file_id": "in", "endpoint": ENDPOINT, **created_at, **fields}


JOBS = reply(
    200,
    [
        listed("late", 2),
        listed("undated", None),
        listed("early", -2),
        listed("undated too", None),
        listed("other file", 1, input_file_id="x"),
        listed("other endpoint", 1, endpoint="/v1/x"),
    ],
)


@pytest.mark.parametrize(
    ("endpoint", "after", "expected"),
    [
        (None, None, ["undated", "undated too", "early", "other endpoint", "late"]),
        (ENDPOINT, None, ["undated", "undated too", "early", "late"]),
        (ENDPOINT, BEGAN, ["undated", "undated too", "late"]),
        ("/v1/x", BEGAN + timedelta(hours=1), ["other endpoint"]),
        ("/v1/y", None, []),
    ],
)
def test_jobs_are_found_by_their_file(endpoint: str | None, after: datetime | None, expected: list[str]) -> None:
    """Oldest first; a job without a date may be any."""
    assert expected == [found.id for found in Trace(JOBS).run(find("in", endpoint, after, SETTINGS))]


def test_a_time_without_a_zone_is_refused() -> None:
    """It could mean any hour."""
    with pytest.raises(InvalidArgumentError, match="has no time zone"):
        Trace().run(find("in", None, datetime(2026, 9, 21), SETTINGS))


def test_a_download_that_is_cut_is_an_error(tmp_path: Path) -> None:
    """Results are whole or none."""

    def cut(fetch: Fetch) -> Fetched:
        head = reply(200)
        fetch.begin(head)
        return Fetched(head, RESET)

    with pytest.raises(DownloadError):
        results(ended(output_file_id="out"), reply(200, {"id": "out", "bytes": 5}), *[cut] * 5)


def test_calls_are_made_with_the_timeout_of_the_settings() -> None:
    """In seconds of silence."""
    trace = Trace(job("COMPLETED"))
    trace.run(waiting(settings=evolve(SETTINGS, timeout=5.0)))
    assert [Call("GET", "/batches/job-1", 5.0)] == trace.effects
