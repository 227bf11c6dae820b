from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from local.support import CHAT, Api, Upstream, chat, chats, jsonl
from together_batches import local
from together_batches.local import _check, _jobs, _store


def is_running(job: dict[str, Any]) -> bool:
    return job["status"] == "IN_PROGRESS"


def test_statuses_and_progress(upstream: Upstream, tmp_path: Path) -> None:
    """A job is validated, then in progress, and its progress goes from 0 to 100."""
    upstream.allow(0)
    with local.serve(tmp_path, backend=upstream.url, concurrency=1) as server, Api(server) as api:
        job_id = api.submit(chats(4))
        started = api.until(job_id, is_running)
        upstream.allow(1)
        quarter = api.until(job_id, lambda job: job["progress"] > 0)
        upstream.allow()
        done = api.wait(job_id)

    assert ("IN_PROGRESS", 0) == (started["status"], started["progress"])
    assert ("IN_PROGRESS", 25) == (quarter["status"], quarter["progress"])
    assert ("COMPLETED", 100) == (done["status"], done["progress"])


def test_cancelling(upstream: Upstream) -> None:
    """A job that is cancelled asks no more, waits for what was asked, and delivers what it has."""
    with local.serve(backend=upstream.url, concurrency=2) as server, Api(server) as api:
        upstream.allow(1)
        job_id = api.submit(chats(10))
        upstream.wait_for(3)
        cancelled = api.post(f"/batches/{job_id}/cancel")
        again = api.post(f"/batches/{job_id}/cancel")
        upstream.allow()
        job = api.wait(job_id)
        rows = api.rows(job["output_file_id"])

    assert [(200, "CANCELING")] * 2 == [(each.status_code, each.json()["status"]) for each in (cancelled, again)]
    assert "CANCELLED" == job["status"]
    assert job["completed_at"]
    assert (3, 3, 30) == (len(upstream.asked), len(rows), job["progress"])


def test_cancelling_before_it_began(upstream: Upstream, tmp_path: Path) -> None:
    """A job that waits for its turn is cancelled without any file."""
    upstream.allow(0)
    with local.serve(tmp_path, backend=upstream.url) as server, Api(server) as api:
        store = _store.Store(tmp_path)
        job = store.add_job(api.upload(chats(1)), CHAT, None)
        store.cancel_job(job.id)
        store.close()
        ended = api.wait(job.id)

    assert ("CANCELLED", 0) == (ended["status"], ended["progress"])
    assert {"output_file_id", "error_file_id", "error"}.isdisjoint(ended)
    assert [] == upstream.asked


def test_cancelling_while_it_is_validated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No request is answered then."""
    check = _check.check_file

    def check_file(file: Any, endpoint: str) -> Any:
        store = _store.Store(tmp_path)
        assert [True] == [store.cancel_job(job_id) for job_id in store.unfinished_jobs()]
        store.close()
        return check(file, endpoint)

    monkeypatch.setattr(_jobs, "check_file", check_file)
    with local.serve(tmp_path) as server, Api(server) as api:
        job = api.run(chats(1))

    assert ("CANCELLED", 0) == (job["status"], job["progress"])
    assert "output_file_id" not in job


def test_a_deadline(upstream: Upstream, tmp_path: Path) -> None:
    """A job whose time is up is expired, with what it has."""
    upstream.allow(2)
    with local.serve(tmp_path, backend=upstream.url, concurrency=1) as server, Api(server) as api:
        job_id = api.submit(chats(5))
        upstream.wait_for(3)
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as db, db:
        db.execute("UPDATE jobs SET deadline = 0")
    with local.serve(tmp_path) as server, Api(server) as api:
        job = api.wait(job_id)
        rows = api.rows(job["output_file_id"])

    assert ("EXPIRED", 40) == (job["status"], job["progress"])
    assert {"r1", "r2"} == set(rows)


def test_a_deadline_before_it_began(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    """Then there is no file."""
    monkeypatch.setattr(_store, "WINDOW_SECONDS", 0)
    job = api.run(chats(3))

    assert ("EXPIRED", 0) == (job["status"], job["progress"])
    assert {"output_file_id", "error_file_id"}.isdisjoint(job)


def test_a_restart_goes_on(upstream: Upstream, tmp_path: Path) -> None:
    """The next server on the same folder takes the job up, and asks nothing again that has an answer."""
    upstream.allow(2)
    with local.serve(tmp_path, backend=upstream.url, concurrency=1) as server, Api(server) as api:
        file_id = api.upload(chats(5))
        job_id = api.create(file_id)["id"]
        upstream.wait_for(3)
    upstream.reply = lambda body: (400, {"error": {"message": "no", "code": "c"}})
    upstream.allow()
    with local.serve(tmp_path, backend=upstream.url, concurrency=1) as server, Api(server) as api:
        job = api.wait(job_id)
        answers, errors = (api.rows(job[name]) for name in ("output_file_id", "error_file_id"))
        file = api.get(f"/files/{file_id}").json()
        jobs = api.get("/batches").json()

    assert "COMPLETED" == job["status"]
    assert {"r1", "r2"} == set(answers)
    assert {"r3", "r4", "r5"} == set(errors)
    assert Counter({f"question {n}": 2 if n == 3 else 1 for n in range(1, 6)}) == Counter(upstream.questions)
    assert (5, [job]) == (file["LineCount"], jobs)
    assert [] == list((tmp_path / "jobs").iterdir())


SERVE = """
import sys
from together_batches import local
with local.serve(sys.argv[1], backend=sys.argv[2], concurrency=1) as server:
    print(server.base_url, flush=True)
    server.wait()
"""


def start(folder: Path, backend: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder), backend],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )


def test_a_server_that_is_killed(upstream: Upstream, tmp_path: Path) -> None:
    """Whatever a killed server had answered is kept, the half-written line is not, and the rest is asked next time."""
    upstream.reply = lambda body: (200, {"ok": "🌊"})
    upstream.allow(3)
    with start(tmp_path, upstream.url) as process:
        assert process.stdout
        server = local.Server(process.stdout.readline().strip(), "", "any", tmp_path, None)  # type: ignore[arg-type]
        with Api(server) as api:
            job_id = api.submit(chats(6))
            upstream.wait_for(4)
        process.send_signal(signal.SIGKILL)
    (rows,) = (tmp_path / "jobs").glob("*.output")
    with rows.open("ab") as file:
        file.write(b'{"id":"br_1","custom_id":"r6"')
    upstream.allow()
    with local.serve(tmp_path, backend=upstream.url) as again, Api(again) as api:
        job = api.wait(job_id)
        answers = api.rows(job["output_file_id"])

    assert -signal.SIGKILL == process.returncode
    assert "COMPLETED" == job["status"]
    assert {f"r{n}" for n in range(1, 7)} == set(answers)
    assert {"🌊"} == {row["response"]["body"]["ok"] for row in answers.values()}
    # One at a time was asked: an answer is kept before the next is asked for.
    assert Counter({f"question {n}": 2 if n == 4 else 1 for n in range(1, 7)}) == Counter(upstream.questions)


def test_two_servers_share_a_folder(upstream: Upstream, tmp_path: Path) -> None:
    """Both serve and one executes; when that one ends the other takes over."""
    with ExitStack() as later:
        with local.serve(tmp_path, backend=upstream.url) as executing, Api(executing) as here:
            # The lock is held by now: a job has been executed.
            first = here.run(chats(3))
            waiting = later.enter_context(local.serve(tmp_path))
            there = later.enter_context(Api(waiting))
            second = there.run(chats(3))
            upstream.allow(0)
            job_id = there.submit(chats(3))
            upstream.wait_for(9)
            seen = [api.get("/batches").json()[1:] for api in (here, there)]
        third = there.wait(job_id)
        rows = there.rows(third["output_file_id"])

    assert [[second, first]] * 2 == seen
    assert 9 == len(upstream.asked)
    assert "COMPLETED" == third["status"]
    assert "Echo: question 1" == rows["r1"]["response"]["body"]["choices"][0]["message"]["content"]


def test_a_cancel_at_another_server(upstream: Upstream, tmp_path: Path) -> None:
    """Reaches the one that executes."""
    upstream.allow(0)
    with (
        local.serve(tmp_path, backend=upstream.url, concurrency=1) as executing,
        local.serve(tmp_path) as other,
        Api(executing) as here,
        Api(other) as there,
    ):
        job_id = here.submit(chats(3))
        upstream.wait_for(1)
        assert "CANCELING" == there.post(f"/batches/{job_id}/cancel").json()["status"]
        upstream.allow()
        job = there.wait(job_id)

    assert "CANCELLED" == job["status"]
    assert 1 == len(upstream.asked)


def test_the_same_job_gives_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a server dies between writing the files and noting the end, the next writes the same ones."""
    finish = _store.Store.finish_job
    failures = [sqlite3.OperationalError("disk I/O error")]

    def finish_job(*arguments: Any) -> None:
        if failures:
            monkeypatch.setattr(_store.Store, "fail_job", lambda *arguments: None)
            raise failures.pop()
        finish(*arguments)

    monkeypatch.setattr(_store.Store, "finish_job", finish_job)
    with local.serve(tmp_path) as server, Api(server) as api:
        file_id = api.upload(chats(20))
        job_id = api.create(file_id)["id"]
        while failures:
            api.job(job_id)
        (before,) = (path.read_bytes() for path in (tmp_path / "files").iterdir() if path.name != file_id)
    with local.serve(tmp_path) as server, Api(server) as api:
        job = api.wait(job_id)
        after = api.get(f"/files/{job['output_file_id']}/content").content

    assert before == after
    assert 2 == len(list((tmp_path / "files").iterdir()))


def test_a_fault_fails_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that meets a fault of the server is failed, and only the kind of the fault is told."""

    def fail(*arguments: Any) -> None:
        raise OSError(28, "the prompt of someone")

    monkeypatch.setattr(_jobs.Rows, "add", fail)
    with local.serve(tmp_path) as server, Api(server) as api:
        job = api.run(jsonl([chat("a")]))

    assert ("FAILED", "internal error: OSError") == (job["status"], job["error"])
    assert [f"job {job['id']} failed: OSError"] == [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ]
    assert [] == list((tmp_path / "jobs").iterdir())


def test_a_store_that_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The executor tries again a moment later."""
    look = _store.Store.unfinished_jobs
    failures = [sqlite3.OperationalError("database is locked")]

    def unfinished_jobs(store: _store.Store) -> list[str]:
        if failures and store.jobs():
            raise failures.pop()
        return look(store)

    monkeypatch.setattr(_store.Store, "unfinished_jobs", unfinished_jobs)
    with local.serve(tmp_path) as server, Api(server) as api:
        assert "COMPLETED" == api.run(chats(1))["status"]
    assert ["jobs cannot be looked up: OperationalError"] == [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ]


def test_an_input_whose_bytes_are_gone(api: Api, echo: local.Server) -> None:
    """Is an input that does not exist."""
    file_id = api.upload(chats(1))
    Path(echo.data_dir, "files", file_id).unlink()

    assert "the input file does not exist" == api.wait(api.create(file_id)["id"])["error"]


def test_a_large_input_fails_the_job(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented limit of the size is kept."""
    monkeypatch.setattr(_jobs, "MAX_FILE_BYTES", 10)

    assert "the input file has 137 bytes, more than 10" == api.run(chats(1))["error"].replace(str(len(chats(1))), "137")


def test_an_input_that_is_deleted_while_it_is_read(upstream: Upstream) -> None:
    """The job reads on."""
    upstream.allow(0)
    with local.serve(backend=upstream.url, concurrency=1) as server, Api(server) as api:
        file_id = api.upload(chats(3))
        job_id = api.create(file_id)["id"]
        upstream.wait_for(1)
        api.delete(f"/files/{file_id}")
        upstream.allow()

        assert 3 == len(api.rows(api.wait(job_id)["output_file_id"]))
