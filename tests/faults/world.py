"""What the service holds: files, uploads, jobs, and every request it saw. Cases are judged by it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import Factory, define, field

from faults.message import Request

KEY = "tgp-canary-key-5f0c1d"
SIGNATURE = "canary-signature"
DONE = ("COMPLETED", "FAILED", "EXPIRED", "CANCELLED")


@define
class StoredFile:
    """A file; `data` is None until its bytes have come."""

    id: str
    filename: str
    purpose: str
    file_type: str
    created_at: float
    data: bytes | None = field(default=None, repr=False)
    checksum: str | None = None
    processed: bool = False


@define
class Upload:
    """A multipart upload: `open`, `completed` or `aborted`."""

    id: str
    file_id: str
    file_size: int
    num_parts: int
    parts: dict[int, bytes] = field(factory=dict, repr=False)
    state: str = "open"


@define
class Job:
    """A job; `statuses` are those still to come, one each time it is asked for."""

    id: str
    input_file_id: str
    endpoint: str
    created_at: float
    status: str
    statuses: list[str]
    lists_before: int
    file_size_bytes: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None
    completed_at: float | None = None


def echo(line: bytes) -> tuple[bytes, bytes]:
    """The default answer to a request line: a row for the output file and one for the errors file, either empty."""
    request = json.loads(line)
    custom_id = request.get("custom_id")
    if request.get("body", {}).get("fail"):
        row: dict[str, object] = {"custom_id": custom_id, "error": {"message": "refused", "code": "batch_client_error"}}
        return b"", json.dumps(row).encode() + b"\n"
    body = {
        "choices": [{"message": {"role": "assistant", "content": f"echo {custom_id}"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    row = {"id": f"br_{custom_id}", "custom_id": custom_id, "response": {"status_code": 200, "body": body}}
    return json.dumps(row).encode() + b"\n", b""


@define
class Behaviour:
    """What may differ between healthy services; set before a case."""

    ranges: bool = True
    if_range: bool = True
    etags: bool = True
    put_etags: bool = True
    content_redirects: bool = False  # content is fetched from storage by a 302
    content_length: bool = True  # else bodies of content are chunked
    reports_checksum: bool = False
    reuses: bool = True  # 409 for a checksum that is there already
    wraps_get: bool = False  # {"job": …} on get and cancel
    create_status: int = 201
    warning: str | None = None
    null_for_no_jobs: bool = False
    part_headers: dict[str, str] = Factory(lambda: {"x-part-token": "granted"})
    statuses: tuple[str, ...] = ("VALIDATING", "IN_PROGRESS", "COMPLETED")
    lag_seconds: float = 0.0  # a job is listed from then after its creation, on the service's clock
    lag_lists: int = 0  # and only by the lists after so many
    visible: Callable[[Job], bool] | None = None  # in place of both
    answer: Callable[[bytes], tuple[bytes, bytes]] = echo
    whole_seconds: bool = False  # what the service dates is cut to seconds, as its Date header always is
    skew_seconds: float = 0.0  # the service's clock less the tests'


@define(eq=False)
class World:
    """The state of one case; `lock` guards it, and is told of each change that a wait may hang on."""

    now: Callable[[], float]
    behaviour: Behaviour = Factory(Behaviour)
    requests: list[Request] = Factory(list)
    files: dict[str, StoredFile] = Factory(dict)
    uploads: dict[str, Upload] = Factory(dict)
    jobs: dict[str, Job] = Factory(dict)
    revoked: set[str] = Factory(set)
    lists: int = 0
    serial: int = 0
    lock: threading.Condition = Factory(lambda: threading.Condition(threading.RLock()))

    def time(self) -> float:
        """The service's clock, in Unix seconds."""
        unix = self.now() + self.behaviour.skew_seconds
        return float(int(unix)) if self.behaviour.whole_seconds else unix

    def next_id(self, kind: str) -> str:
        self.serial += 1
        return f"{kind}-{self.serial:04d}"

    def add_file(
        self, data: bytes | None, *, filename: str = "batch_input.jsonl", purpose: str = "batch-api"
    ) -> StoredFile:
        """Store a file without any request; `data=None` awaits its bytes."""
        with self.lock:
            kind = filename.rpartition(".")[2]
            made = StoredFile(self.next_id("file"), filename, purpose, kind, self.time(), data, None, data is not None)
            self.files[made.id] = made
            return made

    def add_job(self, input_file_id: str, endpoint: str = "/v1/chat/completions", *, age: float = 0.0) -> Job:
        """Make a job without any request, created `age` seconds ago; a bad input file makes it fail later."""
        with self.lock:
            first, *rest = self.behaviour.statuses
            source = self.files.get(input_file_id)
            if source is None or source.data is None:
                rest = ["FAILED"]
            job = Job(
                self.next_id("batch"), input_file_id, endpoint, self.time() - age, first, rest, self.lists,
                len(source.data) if source and source.data else 0,
            )  # fmt: skip
            self.jobs[job.id] = job
            if first in DONE:
                self.finish(job)
            return job

    def advance(self, job: Job) -> None:
        """Take the job one step on its way."""
        if job.statuses:
            job.status = job.statuses.pop(0)
            if job.status in DONE:
                self.finish(job)

    def finish(self, job: Job) -> None:
        """End the job, with its files unless it failed."""
        job.statuses.clear()
        job.completed_at = self.time()
        source = self.files.get(job.input_file_id)
        if job.status == "FAILED" or source is None or source.data is None:
            job.error = job.error or "the input file could not be read"
            return
        rows = [self.behaviour.answer(line) for line in source.data.splitlines() if line.strip()]
        output, errors = b"".join(good for good, _ in rows), b"".join(bad for _, bad in rows)
        if output:
            name, purpose = f"{job.id}-output.jsonl", "batch-generated"
            job.output_file_id = self.add_file(output, filename=name, purpose=purpose).id
        if errors:
            name, purpose = f"{job.id}-errors.jsonl", "batch-generated"
            job.error_file_id = self.add_file(errors, filename=name, purpose=purpose).id

    def is_listed(self, job: Job) -> bool:
        """Whether the list shows the job by now."""
        if self.behaviour.visible is not None:
            return self.behaviour.visible(job)
        seen_from = job.created_at + self.behaviour.lag_seconds
        return self.time() >= seen_from and self.lists - job.lists_before > self.behaviour.lag_lists

    # What a case is judged by.

    def jobs_of(self, input_file_id: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.input_file_id == input_file_id]

    def duplicates(self) -> int:
        """How many jobs there are beyond one for each input file and endpoint."""
        return len(self.jobs) - len({(job.input_file_id, job.endpoint) for job in self.jobs.values()})

    def seen(self, route: str) -> list[Request]:
        """The requests of a route, in order; `put_part` stands for all its parts."""
        return [r for r in self.requests if r.route == route or r.route.partition(":")[0] == route]

    def leaks(self) -> list[str]:
        """Each request that brought the key, or any credentials, to where they must not go: what and where."""
        found: list[str] = []
        for request in self.requests:
            where = f"{request.origin} {request.route}"
            if request.origin != "api" and any(n.lower() in _CREDENTIALS for n, _ in request.headers):
                found.append(f"credentials to {where}")
            elif request.origin != "api" and any(KEY in value for _, value in request.headers):
                found.append(f"key in a header to {where}")
            if KEY in request.target or KEY.encode() in request.body:
                found.append(f"key in the target or body to {where}")
            if request.origin == "api" and SIGNATURE in f"{request.target}{request.headers}":
                found.append(f"signature to {where}")
        return found


_CREDENTIALS = ("authorization", "proxy-authorization", "cookie")


def iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")


def etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
