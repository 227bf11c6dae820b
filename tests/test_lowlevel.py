"""The generated client is good by itself: each operation of the contract, in its four forms, against a server."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from importlib import import_module
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from contract import operations
from together_batches import local
from together_lowlevel import AuthenticatedClient, models
from together_lowlevel.api.batches import create_batch, get_batch
from together_lowlevel.api.files import get_file_content, initiate_multipart_upload, start_upload, upload_file
from together_lowlevel.types import File

PART = 5 * 1024 * 1024


def lines() -> bytes:
    """A file of requests unlike any before, since the service knows bytes again."""
    body = {"model": "example/small-chat", "messages": [{"role": "user", "content": uuid4().hex}]}
    return json.dumps({"custom_id": "a", "body": body}).encode() + b"\n"


class Outcome(NamedTuple):
    """What a call gave: status and headers are there in the detailed forms alone."""

    parsed: Any
    status: int | None = None
    headers: Any = None


class World:
    """A server, a client of it, and what operations need to be there beforehand."""

    def __init__(self, server: local.Server) -> None:
        self.server = server
        self.client = AuthenticatedClient(base_url=server.base_url, token=server.api_key)

    def file(self, content: bytes | None = None) -> str:
        """The id of a stored file of requests."""
        payload = io.BytesIO(lines() if content is None else content)
        body = models.UploadFileRequest("batch-api", "a.jsonl", File(payload, "a.jsonl"), "jsonl")
        stored = upload_file.sync(client=self.client, body=body)
        assert isinstance(stored, models.File)
        return stored.id

    def job(self, file_id: str) -> str:
        """The id of a job over a file."""
        body = models.CreateBatchRequest(file_id, "/v1/chat/completions")
        created = create_batch.sync(client=self.client, body=body)
        assert isinstance(created, models.CreateBatchResponse)
        assert isinstance(created.job, models.BatchJob)
        return created.job.id

    def put(self, url: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """Sends bytes to a presigned address, without the key."""
        answer = httpx.put(url, content=content, headers=headers)
        answer.raise_for_status()
        return answer

    def begun(self, content: bytes) -> str:
        """The id of a file whose bytes are stored and not yet processed."""
        started = start_upload.sync_detailed(client=self.client, body=start_request())
        assert 302 == started.status_code
        self.put(started.headers["location"], content)
        return str(started.headers["x-together-file-id"])

    def multipart(self, size: int) -> models.MultipartUpload:
        """A begun upload in two parts."""
        upload = initiate_multipart_upload.sync(client=self.client, body=multipart_request(size))
        assert isinstance(upload, models.MultipartUpload)
        return upload

    def content(self, file_id: str) -> bytes:
        """The bytes of a file."""
        answer = get_file_content.sync_detailed(file_id, client=self.client)
        assert 200 == answer.status_code
        return answer.content


def start_request() -> models.StartUploadRequest:
    return models.StartUploadRequest("batch-api", "a.jsonl", "jsonl")


def multipart_request(size: int) -> models.InitiateMultipartRequest:
    return models.InitiateMultipartRequest("a.jsonl", size, 2, "batch-api", "jsonl")


Call = tuple[tuple[Any, ...], dict[str, Any], Callable[[Outcome], None]]
CASES: dict[str, Callable[[World], Call]] = {}


def case(build: Callable[[World], Call]) -> Callable[[World], Call]:
    """Takes the case of the operation it is named after: how to call it, and what must come of it."""
    CASES[build.__name__] = build
    return build


@case
def list_batches(world: World) -> Call:
    job = world.job(world.file())

    def check(outcome: Outcome) -> None:
        assert job in [listed.id for listed in outcome.parsed]

    return (), {}, check


@case
def create_batch_(world: World) -> Call:
    file = world.file()

    def check(outcome: Outcome) -> None:
        assert file == outcome.parsed.job.input_file_id
        assert outcome.parsed.job.created_at.utcoffset() is not None
        assert isinstance(outcome.parsed.job.status, models.BatchJobStatus)

    return (), {"body": models.CreateBatchRequest(file, "/v1/chat/completions")}, check


@case
def get_batch_(world: World) -> Call:
    job = world.job(world.file())

    def check(outcome: Outcome) -> None:
        assert (job, "/v1/chat/completions") == (outcome.parsed.id, outcome.parsed.endpoint)

    return (job,), {}, check


@case
def cancel_batch(world: World) -> Call:
    job = world.job(world.file())

    def check(outcome: Outcome) -> None:
        if isinstance(outcome.parsed, models.BatchError):  # a small job may have ended before
            assert "terminal state" in str(outcome.parsed.error)
            assert outcome.status in {None, 409}
        else:
            assert job == outcome.parsed.id
            assert isinstance(outcome.parsed.status, models.BatchJobStatus)

    return (job,), {}, check


@case
def list_files(world: World) -> Call:
    file = world.file()

    def check(outcome: Outcome) -> None:
        assert file in [listed.id for listed in outcome.parsed.data]

    return (), {}, check


@case
def get_file(world: World) -> Call:
    content = lines()
    file = world.file(content)

    def check(outcome: Outcome) -> None:
        found = outcome.parsed
        assert (file, "a.jsonl", len(content)) == (found.id, found.filename, found.bytes_)
        assert (models.FilePurpose.BATCH_API, models.FileType.JSONL) == (found.purpose, found.file_type)

    return (file,), {}, check


@case
def delete_file(world: World) -> Call:
    file = world.file()

    def check(outcome: Outcome) -> None:
        assert (file, True) == (outcome.parsed.id, outcome.parsed.deleted)

    return (file,), {}, check


@case
def get_file_content_(world: World) -> Call:
    content = lines() + "ü\r\n\0".encode()
    file = world.file(content)

    def check(outcome: Outcome) -> None:
        assert content == outcome.parsed.payload.read()

    return (file,), {}, check


@case
def start_upload_(world: World) -> Call:
    def check(outcome: Outcome) -> None:
        assert outcome.parsed is None
        if outcome.status is not None:
            assert 302 == outcome.status
            assert outcome.headers["location"].startswith(world.server.storage_url)
            assert outcome.headers["x-together-file-id"]

    return (), {"body": start_request()}, check


@case
def preprocess_file(world: World) -> Call:
    content = lines()
    file = world.begun(content)

    def check(outcome: Outcome) -> None:
        assert (file, True) == (outcome.parsed.id, outcome.parsed.processed)
        assert content == world.content(file)

    return (file,), {}, check


@case
def upload_file_(world: World) -> Call:
    # Ends a form of the boundary that the generator would use.
    content = lines() + b"\r\n--+++--\r\n"

    def check(outcome: Outcome) -> None:
        assert ("a.jsonl", len(content)) == (outcome.parsed.filename, outcome.parsed.bytes_)
        assert content == world.content(outcome.parsed.id)

    body = models.UploadFileRequest("batch-api", "a.jsonl", File(io.BytesIO(content), "a.jsonl"), "jsonl")
    return (), {"body": body}, check


@case
def initiate_multipart_upload_(world: World) -> Call:
    def check(outcome: Outcome) -> None:
        assert outcome.parsed.upload_id
        assert outcome.parsed.file_id
        assert [1, 2] == [part.part_number for part in outcome.parsed.parts]
        assert all(part.url.startswith(world.server.storage_url) for part in outcome.parsed.parts)

    return (), {"body": multipart_request(PART + 10)}, check


@case
def complete_multipart_upload(world: World) -> Call:
    line = lines()
    content = line * (PART // len(line) + 2)
    upload = world.multipart(len(content))
    assert isinstance(upload.upload_id, str)
    assert isinstance(upload.file_id, str)
    sent = []
    for part, piece in zip(upload.parts or [], (content[:PART], content[PART:]), strict=True):
        headers = part.headers.additional_properties if isinstance(part.headers, models.PartHeaders) else {}
        etag = world.put(str(part.url), piece, headers).headers["etag"]
        sent.append(models.CompletedPart(int(part.part_number or 0), etag))

    def check(outcome: Outcome) -> None:
        assert upload.file_id == outcome.parsed.file.id
        assert content == world.content(outcome.parsed.file.id)

    return (), {"body": models.CompleteMultipartRequest(upload.upload_id, upload.file_id, sent)}, check


@case
def abort_multipart_upload(world: World) -> Call:
    upload = world.multipart(PART + 10)

    def check(outcome: Outcome) -> None:
        assert outcome.parsed.success is True

    body = models.AbortMultipartRequest(str(upload.upload_id), str(upload.file_id))
    return (), {"body": body}, check


def detailed(response: Any) -> Outcome:
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    return Outcome(response.parsed, response.status_code, response.headers)


def in_a_loop(call: Callable[..., Awaitable[Any]], world: World, *args: Any, **kwargs: Any) -> Any:
    """The result of an async call, made by a client of its own that is closed within the loop."""

    async def main() -> Any:
        async with AuthenticatedClient(base_url=world.server.base_url, token=world.server.api_key) as client:
            return await call(*args, client=client, **kwargs)

    return asyncio.run(main())


FORMS: dict[str, Callable[..., Outcome]] = {
    "sync": lambda module, world, *a, **k: Outcome(module.sync(*a, client=world.client, **k)),
    "sync_detailed": lambda module, world, *a, **k: detailed(module.sync_detailed(*a, client=world.client, **k)),
    "asyncio": lambda module, world, *a, **k: Outcome(in_a_loop(module.asyncio, world, *a, **k)),
    "asyncio_detailed": lambda module, world, *a, **k: detailed(in_a_loop(module.asyncio_detailed, world, *a, **k)),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One server for all cases: each makes what it needs."""
    with local.serve() as server:
        world = World(server)
        with world.client:
            yield world


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
def test_every_operation_works_in_every_form(world: World, operation: Any, form: str) -> None:
    """Blocking and async, plain and detailed, with what the server must have done."""
    build = CASES.get(operation.id) or CASES[f"{operation.id}_"]
    args, kwargs, check = build(world)
    module = import_module(f"together_lowlevel.api.{operation.tag}.{operation.id}")
    check(FORMS[form](module, world, *args, **kwargs))


def test_a_missing_job_is_an_error_of_its_shape(world: World) -> None:
    """The answer is parsed as what the contract says of its status."""
    answer = get_batch.sync_detailed("no/such job?", client=world.client)
    assert 404 == answer.status_code
    assert isinstance(answer.parsed, models.BatchError)
    assert answer.parsed.error


def test_a_missing_file_is_an_error_of_its_shape(world: World) -> None:
    """Also where the answer would have been bytes."""
    answer = get_file_content.sync_detailed("no/such file?", client=world.client)
    assert 404 == answer.status_code
    assert isinstance(answer.parsed, models.FileError)
    assert isinstance(answer.parsed.error, models.FileErrorDetail)
    assert answer.parsed.error.message


def test_a_request_is_built_without_what_only_a_reply_needs() -> None:
    """In a fresh process: neither httpx nor any model but the one that is sent; the rest comes when it is used."""
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
from together_lowlevel import models
from together_lowlevel.api.batches import cancel_batch, create_batch, get_batch, list_batches
create_batch._get_kwargs(body=models.CreateBatchRequest("file-1", "/v1/chat/completions"))
print(*sorted(name for name in sys.modules if name.startswith(("httpx", "together_lowlevel.models."))))
import together_lowlevel
print(*(name for name in models.__all__ if getattr(models, name).__name__ != name))
print(together_lowlevel.AuthenticatedClient.__name__, "httpx" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ["together_lowlevel.models.create_batch_request", "", "AuthenticatedClient True"] == done.stdout.splitlines()


@pytest.mark.parametrize("module", ["together_lowlevel", "together_lowlevel.models"])
def test_what_is_not_generated_is_an_attribute_error(module: str) -> None:
    """A name that is looked up on first use is still one of a list."""
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'Batch'"):
        import_module(module).Batch  # noqa: B018 (not there, which is the point)
