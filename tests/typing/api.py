"""What type checkers make of the public signatures; read by mypy and pyright, never run."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

from together_batches import (
    APIStatusError,
    AsyncTogether,
    BatchEndpoint,
    BatchJob,
    BatchJobStatus,
    BatchResult,
    CheckReport,
    FileCheckError,
    FileDeleted,
    FileObject,
    FileProblem,
    ResultError,
    RunSummary,
    Together,
    Usage,
    WaitTimeoutError,
    check_requests,
    write_requests,
)


def jobs(client: Together) -> None:
    job = client.batches.create_batch("file-1", "/v1/chat/completions")
    assert_type(job, BatchJob)
    assert_type(client.batches.create_batch(file_id="file-1", endpoint=BatchEndpoint.COMPLETIONS), BatchJob)
    assert_type(client.batches.get_batch(job.id), BatchJob)
    assert_type(client.batches.list_batches(), list[BatchJob])
    assert_type(client.batches.cancel_batch(job.id), BatchJob)
    assert_type(client.batches.wait(job.id, timeout=60.0, on_update=lambda job: print(job.status)), BatchJob)
    assert_type(client.batches.results(job), Iterator[BatchResult])
    assert_type(client.batches.results(job.id), Iterator[BatchResult])
    assert_type(client.batches.submit("requests.jsonl", endpoint="/v1/completions"), BatchJob)
    assert_type(client.batches.collect(job, output=Path("answers.jsonl"), requests="requests.jsonl"), RunSummary)
    assert_type(client.batches.run("requests.jsonl", output="answers.jsonl", timeout=None), RunSummary)


def files(client: Together) -> None:
    file = client.files.upload("requests.jsonl", purpose="batch-api", on_progress=lambda sent, total: None)
    assert_type(file, FileObject)
    assert_type(client.files.upload(io.BytesIO(b"{}"), filename="requests.jsonl"), FileObject)
    assert_type(client.files.upload(file=Path("requests.jsonl")), FileObject)
    assert_type(client.files.list(), list[FileObject])
    assert_type(client.files.retrieve(file.id), FileObject)
    assert_type(client.files.delete(file.id), FileDeleted)
    assert_type(client.files.retrieve_content(file.id), bytes)
    assert_type(client.files.retrieve_content(file.id, output="copy.jsonl"), Path)


async def awaited() -> None:
    async with AsyncTogether(api_key="key", base_url=None, timeout=60.0, max_retries=4) as client:
        assert_type(client, AsyncTogether)
        job = await client.batches.create_batch("file-1", "/v1/chat/completions")
        assert_type(job, BatchJob)
        assert_type(await client.batches.list_batches(), list[BatchJob])
        assert_type(await client.batches.wait(job.id), BatchJob)
        assert_type(client.batches.results(job), AsyncIterator[BatchResult])
        assert_type(await client.batches.run("requests.jsonl", output="answers.jsonl"), RunSummary)
        assert_type(await client.files.upload("requests.jsonl"), FileObject)
        assert_type(await client.files.retrieve_content("file-1"), bytes)
        assert_type(await client.files.retrieve_content("file-1", output=Path("copy.jsonl")), Path)


def values(job: BatchJob, file: FileObject, result: BatchResult, summary: RunSummary) -> None:
    assert_type(job.status, BatchJobStatus | None)
    assert_type(job.progress, float)
    assert_type(job.job_deadline, datetime | None)
    assert_type(job.output_file_id, str | None)
    assert_type(job.extra, Mapping[str, Any])
    assert_type(file.bytes, int | None)
    assert_type(file.created_at, datetime | None)
    assert_type(result.ok, bool)
    assert_type(result.body, dict[str, Any] | None)
    assert_type(result.error, ResultError | None)
    assert_type(result.usage, Usage | None)
    assert_type(summary.output, Path)
    assert_type(summary.failed, Mapping[str, int])
    assert_type(summary.requests, int | None)


def checks() -> None:
    report = check_requests("requests.jsonl", endpoint="/v1/chat/completions", limit=20)
    assert_type(report, CheckReport)
    assert_type(report.problems, tuple[FileProblem, ...])
    pairs = ((f"id-{number}", {"model": "m", "n": number}) for number in range(3))
    assert_type(write_requests("requests.jsonl", pairs), CheckReport)
    assert_type(write_requests(Path("a"), [("a", {"model": "m"})], endpoint=BatchEndpoint.COMPLETIONS), CheckReport)


def errors(status: APIStatusError, timeout: WaitTimeoutError, check: FileCheckError) -> None:
    assert_type(status.status_code, int)
    assert_type(status.request_id, str | None)
    assert_type(timeout.job, BatchJob | None)
    assert_type(tuple(check.problems), tuple[FileProblem, ...])


with Together() as opened:
    assert_type(opened, Together)
