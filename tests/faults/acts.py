"""The calls that cases make, each with what it starts from and how its value is held against the world."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from faults.case import Act
from faults.stage import ENDPOINT, OLD, Stage, lines
from faults.world import DONE
from together_batches import BatchJobStatus


def _request_file(stage: Stage) -> None:
    stage.data = lines(3)
    stage.file_id = stage.server.world.add_file(stage.data).id


def _job(stage: Stage) -> None:
    _request_file(stage)
    stage.job_id = stage.server.world.add_job(stage.file_id).id


def _two_jobs(stage: Stage) -> None:
    _job(stage)
    stage.server.world.add_job(stage.server.world.add_file(lines(2)).id)


def _two_files(stage: Stage) -> None:
    _request_file(stage)
    stage.server.world.add_file(lines(5))


def _ended_job(stage: Stage) -> None:
    world = stage.server.world
    stage.data = b"".join(
        b'{"custom_id":"r%d","body":{"model":"m"%s}}\n' % (i, b',"fail":true' if i == 2 else b"") for i in range(30)
    )
    stage.file_id = world.add_file(stage.data).id
    job = world.add_job(stage.file_id)
    job.status = "COMPLETED"
    world.finish(job)
    stage.job_id = job.id


def _local_file(stage: Stage) -> None:
    stage.data = lines(3)
    stage.source.write_bytes(stage.data)


def _large_local_file(stage: Stage) -> None:
    stage.data = lines(70)  # four parts
    assert 3000 < len(stage.data) < 4000
    stage.source.write_bytes(stage.data)


def _content(stage: Stage) -> None:
    stage.data = lines(100)
    stage.file_id = stage.server.world.add_file(stage.data).id


def _content_over_old_file(stage: Stage) -> None:
    _content(stage)
    stage.target.write_bytes(OLD)


def _run_over_old_file(stage: Stage) -> None:
    _local_file(stage)
    stage.target.write_bytes(OLD)


def _collect_over_old_file(stage: Stage) -> None:
    _ended_job(stage)
    stage.source.write_bytes(stage.data)
    stage.target.write_bytes(OLD)


def _is_job(stage: Stage, value: Any) -> bool:
    job = stage.server.world.jobs.get(value.id)
    return job is not None and (value.input_file_id, value.endpoint) == (job.input_file_id, job.endpoint)


def _is_the_new_job(stage: Stage, value: Any) -> bool:
    newest = list(stage.server.world.jobs)[-1:]
    return _is_job(stage, value) and [value.id] == newest and value.input_file_id == stage.file_id


def _is_its_job(stage: Stage, value: Any) -> bool:
    return _is_job(stage, value) and value.id == stage.job_id and value.status is not None


def _is_cancelled(stage: Stage, value: Any) -> bool:
    job = stage.server.world.jobs[stage.job_id]
    return value.id == job.id and value.status == job.status and job.status in ("CANCELING", "CANCELLED")


def _is_ended(stage: Stage, value: Any) -> bool:
    job = stage.server.world.jobs[stage.job_id]
    return value.id == job.id and value.status == job.status and value.status.is_terminal and job.status in DONE


def _are_all_jobs(stage: Stage, value: Any) -> bool:
    return [job.id for job in value] == list(stage.server.world.jobs)


def _are_all_files(stage: Stage, value: Any) -> bool:
    return [(file.id, file.bytes) for file in value] == [
        (file.id, len(file.data or b"")) for file in stage.server.world.files.values()
    ]


def _is_its_file(stage: Stage, value: Any) -> bool:
    return bool(value.id == stage.file_id and value.bytes == len(stage.data))


def _is_gone(stage: Stage, value: Any) -> bool:
    return value.id == stage.file_id and value.deleted is True and stage.file_id not in stage.server.world.files


def _is_uploaded(stage: Stage, value: Any) -> bool:
    held = stage.server.world.files.get(value.id)
    return held is not None and held.data == stage.data and value.bytes == len(stage.data) and held.processed


def _is_at_the_path(stage: Stage, value: Any) -> bool:
    return bool(value == stage.target and stage.target.read_bytes() == stage.data)


def _is_the_content(stage: Stage, value: Any) -> bool:
    return bool(value == stage.data)


def _results_are_those_of_the_job(stage: Stage, value: Any) -> bool:
    world = stage.server.world
    job = world.jobs[stage.job_id]
    held = [world.files[i].data or b"" for i in (job.output_file_id, job.error_file_id) if i is not None]
    rows = [json.loads(line) for data in held for line in data.splitlines()]
    told = [
        (row["custom_id"], row.get("response", {}).get("body"), (row.get("error") or {}).get("code")) for row in rows
    ]
    return told == [(result.custom_id, result.body, result.error.code if result.error else None) for result in value]


def _is_joined(stage: Stage, value: Any) -> bool:
    """Every request of the file stands in the output once, in order, with what the service made of it."""
    world = stage.server.world
    requests = [json.loads(line) for line in stage.data.splitlines()]
    rows = [json.loads(line) for line in stage.target.read_bytes().splitlines()]
    answers = {
        r["custom_id"]: json.loads(a) for r in requests if (a := world.behaviour.answer(json.dumps(r).encode())[0])
    }
    wanted = [
        (r["custom_id"], r["body"], answers[r["custom_id"]]["response"]["body"] if r["custom_id"] in answers else None)
        for r in requests
    ]
    counted = (value.requests, value.answered, sum(value.failed.values()), value.missing, value.unmatched)
    return (
        wanted == [(row["custom_id"], row["request"], row["response"]) for row in rows]
        and counted == (len(requests), len(answers), len(requests) - len(answers), 0, 0)
        and value.job.status == BatchJobStatus.COMPLETED
        and value.output == stage.target
    )


CREATE = Act(
    "create", "create", _request_file, lambda c, s: c.batches.create_batch(s.file_id, ENDPOINT), _is_the_new_job,
    creates=True,
)  # fmt: skip
SUBMIT = Act("create", "submit", _local_file, lambda c, s: c.batches.submit(s.source), _is_job, creates=True)
GET = Act("get", "get", _job, lambda c, s: c.batches.get_batch(s.job_id), _is_its_job)
RETRIEVE = Act("get", "retrieve", _request_file, lambda c, s: c.files.retrieve(s.file_id), _is_its_file)
LIST = Act("list", "list", _two_jobs, lambda c, s: c.batches.list_batches(), _are_all_jobs)
LIST_FILES = Act("list", "list files", _two_files, lambda c, s: c.files.list(), _are_all_files)
FIND = Act(
    "list", "find", _two_jobs, lambda c, s: c.batches.find(input_file_id=s.file_id),
    lambda s, value: [s.job_id] == [job.id for job in value],
)  # fmt: skip
CANCEL = Act("cancel", "cancel", _job, lambda c, s: c.batches.cancel_batch(s.job_id), _is_cancelled)
DELETE = Act("delete", "delete", _request_file, lambda c, s: c.files.delete(s.file_id), _is_gone)
UPLOAD = Act("upload single", "upload", _local_file, lambda c, s: c.files.upload(s.source), _is_uploaded)
UPLOAD_CHECKSUM = evolve(UPLOAD, name="upload with checksum", call=lambda c, s: c.files.upload(s.source, checksum=True))
UPLOAD_PARTS = Act(
    "upload multipart", "upload parts", _large_local_file, lambda c, s: c.files.upload(s.source), _is_uploaded, True
)
DOWNLOAD = Act(
    "download", "download", _content_over_old_file,
    lambda c, s: c.files.retrieve_content(s.file_id, output=s.target), _is_at_the_path,
)  # fmt: skip
DOWNLOAD_NEW = evolve(DOWNLOAD, name="download to a new path", prepare=_content)
READ = Act("download", "read", _content, lambda c, s: c.files.retrieve_content(s.file_id), _is_the_content)
WAIT = Act("wait", "wait", _job, lambda c, s: c.batches.wait(s.job_id), _is_ended)
RESULTS = Act("run", "results", _ended_job, lambda c, s: c.batches.results(s.job_id), _results_are_those_of_the_job)
COLLECT = Act(
    "run", "collect", _collect_over_old_file,
    lambda c, s: c.batches.collect(s.job_id, output=s.target, requests=s.source), _is_joined,
)  # fmt: skip
RUN = Act(
    "run", "run", _run_over_old_file, lambda c, s: c.batches.run(s.source, output=s.target), _is_joined, creates=True
)
