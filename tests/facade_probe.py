"""A quick look, in a process of its own, at whether the facade and one generated client fit each other.

The generated client is the one that is found first: tests put a changed one on the path.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import attrs
import httpx

from together_batches import BatchJob, BatchJobStatus, FileObject, Together
from together_lowlevel import models

# Fields that the facade leaves in `extra` on purpose.
UNSHOWN = {"project_id", "organization_id", "processing_status", "validation_report", "additional_properties"}
JOB = {"id": "job-1", "status": "PAUSED_FOR_LUNCH", "created_at": "2026-04-28T09:15:02Z", "model_id": None, "new": 1}
FILE = {"id": "file-1", "bytes": 3, "purpose": "batch-api", "created_at": 1777367702, "FileType": "jsonl"}


def check_fields() -> None:
    """What the contract says of a job, a file and a status, the facade shows, and nothing else."""
    for low, high, beside in ((models.BatchJob, BatchJob, {"warning"}), (models.File, FileObject, set[str]())):
        contract = {one.name.rstrip("_") for one in attrs.fields(low)} - UNSHOWN
        facade = {one.name for one in attrs.fields(high)} - {"extra"} - beside
        assert contract == facade, f"{high.__name__}: {sorted(contract ^ facade)} on one side only"
    known, shown = ({str(one.value) for one in kind} for kind in (models.BatchJobStatus, BatchJobStatus))
    assert known == shown, f"BatchJobStatus: {sorted(known ^ shown)} on one side only"
    models.BatchJob.from_dict(JOB)
    models.File.from_dict(FILE)


def check_calls() -> None:
    """Each call goes where the service expects it and carries what the service expects."""
    answers = {
        ("POST", "/v1/batches"): {"job": JOB},
        ("GET", "/v1/batches"): [JOB],
        ("GET", "/v1/batches/job-1"): JOB,
        ("POST", "/v1/batches/job-1/cancel"): JOB,
        ("GET", "/v1/files"): {"data": [FILE]},
        ("GET", "/v1/files/file-1"): FILE,
        ("DELETE", "/v1/files/file-1"): {"id": "file-1", "deleted": True},
    }
    sent: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.read().decode()
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        sent.append(dict(parse_qsl(body)) if form else json.loads(body) if body else None)
        key = (request.method, request.url.raw_path.decode())
        return httpx.Response(200, json=answers[key]) if key in answers else httpx.Response(404)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http, Together("key", http_client=http) as client:
        created = client.batches.create_batch("file-1", "/v1/chat/completions")
        expected = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        assert [expected] == sent, sent
        jobs = [created, client.batches.get_batch("job-1"), *client.batches.list_batches()]
        jobs.append(client.batches.cancel_batch("job-1"))
        assert all(job.status == "PAUSED_FOR_LUNCH" for job in jobs), jobs
        files = [*client.files.list(), client.files.retrieve("file-1")]
        assert all(file.file_type == "jsonl" for file in files), files
        assert client.files.delete("file-1").deleted


if __name__ == "__main__":
    check_fields()
    check_calls()
