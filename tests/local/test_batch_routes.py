from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.support import CHAT, Api, chat, chats, jsonl


def test_the_main_job(api: Api) -> None:
    """A file goes up, a job over it runs to its end, and each request has its answer in the output file."""
    created = api.create(api.upload(chats(200)))
    job = api.wait(created["id"])
    rows = api.rows(job["output_file_id"])

    assert "VALIDATING" == created["status"]
    assert ("COMPLETED", 100) == (job["status"], job["progress"])
    assert "error_file_id" not in job
    assert {f"r{number}" for number in range(1, 201)} == set(rows)
    for number in range(1, 201):
        response = rows[f"r{number}"]["response"]
        assert 200 == response["status_code"]
        assert f"Echo: question {number}" == response["body"]["choices"][0]["message"]["content"]
        assert re.fullmatch("br_[0-9a-f]{32}", rows[f"r{number}"]["id"])


def test_a_job_as_it_is_shown(api: Api) -> None:
    """Ids are UUIDs, times are ISO 8601 with Z, the deadline is a day away; what is not known is left out."""
    content = chats(1)
    file_id = api.upload(content)
    created = api.create(file_id)
    job = api.wait(created["id"])

    assert str(uuid.UUID(job["id"])) == job["id"]
    assert (file_id, len(content), CHAT) == (job["input_file_id"], job["file_size_bytes"], job["endpoint"])
    assert {"output_file_id", "completed_at", "error", "error_file_id", "model_id"}.isdisjoint(created)
    assert "example/small-chat" == job["model_id"]
    assert all(job[name].endswith("Z") for name in ("created_at", "job_deadline", "completed_at"))
    start, end, deadline = (
        datetime.fromisoformat(job[name]) for name in ("created_at", "completed_at", "job_deadline")
    )
    assert start < end < deadline == start + timedelta(days=1)
    assert job == api.job(job["id"])


def test_rows_that_fail_are_in_the_error_file(api: Api) -> None:
    """A job with refused rows is completed; both files are ordinary files of the list."""
    job = api.run(jsonl([chat("good"), chat("bad", temperature=3), chat("gone", model="example/no-such-model")]))
    errors = api.rows(job["error_file_id"])
    files = {file["id"]: file for file in api.get("/files").json()["data"]}

    assert ("COMPLETED", 100) == (job["status"], job["progress"])
    assert ["good"] == list(api.rows(job["output_file_id"]))
    assert {"bad", "gone"} == set(errors)
    assert {"id", "custom_id", "error"} == set(errors["bad"])
    assert {"message": "temperature: must be a number from 0 to 2", "code": "invalid_request_error"} == errors["bad"][
        "error"
    ]
    assert "model_not_found" == errors["gone"]["error"]["code"]
    for name, lines in (("output_file_id", 1), ("error_file_id", 2)):
        file = files[job[name]]
        assert ("batch-generated", lines, True) == (file["purpose"], file["LineCount"], file["Processed"])


def test_no_output_file_without_answers(api: Api) -> None:
    """Where every row was refused there is only an error file."""
    job = api.run(jsonl([chat("bad", n=0)]))

    assert "COMPLETED" == job["status"]
    assert "output_file_id" not in job
    assert ["bad"] == list(api.rows(job["error_file_id"]))


def test_answers_come_in_another_order(api: Api) -> None:
    """The output is shuffled, so that nobody can rely on the order of the input."""
    rows = list(api.rows(api.run(chats(50))["output_file_id"]))

    assert rows != sorted(rows, key=lambda custom_id: int(custom_id[1:]))


def test_a_create_checks_nothing_of_the_file(api: Api) -> None:
    """A file that is not there gives a job, which fails with only an error."""
    job = api.wait(api.create("file-unknown")["id"])

    assert ("FAILED", "the input file does not exist") == (job["status"], job["error"])
    assert {"output_file_id", "error_file_id", "completed_at"}.isdisjoint(job)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (b"", "the input file is empty"),
        (b'{"custom_id": "a"\n', "line 1: not valid JSON"),
        (chats(2) + b"\n", "line 3: not valid JSON"),
        (chats(2) + jsonl([chat("r1")]), "line 3: the custom_id of line 1 is used again"),
    ],
)
def test_a_broken_file_fails_the_job(lines: bytes, error: str, api: Api) -> None:
    """The error names the line."""
    job = api.run(lines)

    assert ("FAILED", error) == (job["status"], job["error"])
    assert "output_file_id" not in job


def test_a_file_for_another_purpose_fails_the_job(api: Api) -> None:
    """Only files of the purpose batch-api are run."""
    job = api.wait(api.create(api.upload(chats(1), purpose="fine-tune"))["id"])

    assert ("FAILED", "the purpose of the input file is not batch-api") == (job["status"], job["error"])


@pytest.mark.parametrize("endpoint", ["/v1/embeddings", "/../../x", "http://elsewhere/v1", "/v1/files\r\nx: y"])
def test_an_unknown_endpoint_fails_the_job(endpoint: str, api: Api) -> None:
    """What the backend does not know, or is no path at all, is not asked for."""
    job = api.run(chats(1), endpoint)

    assert ("FAILED", "the endpoint is not supported") == (job["status"], job["error"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON"),
        (b"\xff", "the body is not valid JSON"),
        (b"[" * 100_000, "the body is not valid JSON"),
        (b"NaN", "the body is not valid JSON"),
        (b"1" * 5000, "the body is not valid JSON"),
        (b"[]", "the body is not a JSON object"),
        (b'{"x": "' + b"x" * 2**20 + b'"}', "the body has more than 1048576 bytes"),
        ({"endpoint": CHAT}, "input_file_id is required"),
        ({"input_file_id": "file", "endpoint": ""}, "endpoint is required"),
        ({"input_file_id": ["file"], "endpoint": CHAT}, "input_file_id must be a text"),
        (b'{"input_file_id": "\\ud800", "endpoint": "x"}', "input_file_id must be a text"),
        ({"input_file_id": "file", "endpoint": CHAT, "completion_window": "1h"}, "completion_window must be 24h"),
        ({"input_file_id": "file", "endpoint": CHAT, "priority": True}, "priority must be an integer"),
        ({"input_file_id": "file", "endpoint": CHAT, "model_id": 1}, "model_id must be a text"),
    ],
)
def test_a_create_that_is_refused(body: Any, message: str, api: Api) -> None:
    """Malformed bodies are refused in the shape of errors of batches."""
    before = len(api.get("/batches").json())
    refused = api.post("/batches", **({"content": body} if isinstance(body, bytes) else {"json": body}))

    assert 400 == refused.status_code
    assert {"error": message, "request_id": refused.headers["x-request-id"]} == refused.json()
    assert before == len(api.get("/batches").json())


def test_the_list_is_a_bare_array(api: Api) -> None:
    """Newest first, each as it is shown alone."""
    jobs = [api.run(chats(1)) for _ in range(3)]

    assert jobs[::-1] == api.get("/batches").json()[:3]


def test_an_unknown_job(api: Api) -> None:
    """404 in the service's own words."""
    for answer in (api.get("/batches/unknown"), api.post("/batches/unknown/cancel")):
        assert 404 == answer.status_code
        assert {"error": "Job not found", "request_id": answer.headers["x-request-id"]} == answer.json()


def test_a_job_that_has_ended_cannot_be_cancelled(api: Api) -> None:
    """409 in the service's own words, and the job stays as it is."""
    job = api.run(chats(1))
    refused = api.post(f"/batches/{job['id']}/cancel")

    assert 409 == refused.status_code
    assert "Cannot cancel job - already in terminal state: COMPLETED" == refused.json()["error"]
    assert job == api.job(job["id"])


def test_a_named_model_is_kept(api: Api) -> None:
    """The model_id of a create is shown; without one it is the model of all lines, if they agree."""
    file_id = api.upload(jsonl([chat("a"), chat("b", model="example/other")]))
    named = api.post("/batches", json={"input_file_id": file_id, "endpoint": CHAT, "model_id": "x/y"}).json()["job"]
    mixed = api.create(file_id)

    assert "x/y" == api.wait(named["id"])["model_id"]
    assert "model_id" not in api.wait(mixed["id"])
