"""The healthy API: what API routes answer when nothing is scripted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from urllib.parse import parse_qsl, unquote

from faults import storage
from faults.message import Reply, Request
from faults.world import DONE, KEY, Job, StoredFile, Upload, World, etag, iso

_ROUTES = tuple(
    (method, re.compile(f"/v1{pattern}"), name)
    for method, pattern, name in (
        ("POST", "/files", "start_upload"),
        ("POST", "/files/upload", "upload_file"),
        ("POST", "/files/multipart/initiate", "initiate"),
        ("POST", "/files/multipart/complete", "complete"),
        ("POST", "/files/multipart/abort", "abort"),
        ("POST", "/files/([^/]+)/preprocess", "preprocess"),
        ("GET", "/files", "list_files"),
        ("GET", "/files/([^/]+)", "get_file"),
        ("DELETE", "/files/([^/]+)", "delete_file"),
        ("GET", "/files/([^/]+)/content", "content"),
        ("POST", "/batches", "create_batch"),
        ("GET", "/batches", "list_batches"),
        ("GET", "/batches/([^/]+)", "get_batch"),
        ("POST", "/batches/([^/]+)/cancel", "cancel_batch"),
    )
)
ROUTES = (*(name for _, _, name in _ROUTES), *storage.ROUTES)


def route(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """The name of an API route and the ids in its path; `unknown` for what is none."""
    for allowed, pattern, name in _ROUTES:
        if method == allowed and (match := pattern.fullmatch(path)):
            return name, tuple(unquote(group) for group in match.groups())
    return "unknown", ()


def answer(world: World, request: Request, origins: Mapping[str, str]) -> Reply:
    """Carry out a request to the API; the caller holds the world's lock."""
    batches = request.path.startswith("/v1/batches")
    if request.header("Authorization") != f"Bearer {KEY}":
        return _error(batches, 401, "Invalid API key provided")
    name, ids = request.route, request.arguments
    if name.endswith(("batch", "batches")):
        return _batches(world, name, ids, request)
    if name in ("initiate", "complete", "abort"):
        return _multipart(world, name, request, origins)
    if name in ("start_upload", "upload_file"):
        return _upload(world, name, request, origins)
    if name == "list_files":
        return Reply.json(200, {"data": [_file(world, stored) for stored in world.files.values()]})
    stored = world.files.get(ids[0]) if ids else None
    if stored is None:
        return _error(batches, 404, "Not found" if name == "unknown" else "File not found")
    if name == "delete_file":
        del world.files[stored.id]
        return Reply.json(200, {"id": stored.id, "deleted": True})
    if name == "content":
        if world.behaviour.content_redirects:
            return Reply(302).having({"Location": origins["storage"] + storage.sign(f"/blob/{stored.id}")})
        return storage.content(world, stored, request)
    if name == "preprocess":
        if stored.data is None:
            return _error(False, 400, "File has not been uploaded")
        stored.processed = True
    return Reply.json(200, _file(world, stored))


def _batches(world: World, name: str, ids: tuple[str, ...], request: Request) -> Reply:
    if name == "create_batch":
        asked = request.json()
        if not isinstance(asked, dict) or not asked.get("input_file_id") or not asked.get("endpoint"):
            return _error(True, 400, "input_file_id and endpoint are required")
        made: dict[str, object] = {"job": _job(world.add_job(asked["input_file_id"], asked["endpoint"]))}
        if world.behaviour.warning is not None:
            made["warning"] = world.behaviour.warning
        return Reply.json(world.behaviour.create_status, made)
    if name == "list_batches":
        world.lists += 1
        shown = [_job(job) for job in world.jobs.values() if world.is_listed(job)]
        return Reply.json(200, None if not shown and world.behaviour.null_for_no_jobs else shown)
    job = world.jobs.get(ids[0])
    if job is None:
        return Reply.json(404, {"error": "Job not found", "request_id": "req-healthy"})
    if name == "get_batch":
        world.advance(job)
    elif job.status in DONE:
        return _error(True, 409, f"Cannot cancel job - already in terminal state: {job.status}")
    else:
        job.status, job.statuses = "CANCELING", ["CANCELLED"]
    return Reply.json(200, {"job": _job(job)} if world.behaviour.wraps_get else _job(job))


def _upload(world: World, name: str, request: Request, origins: Mapping[str, str]) -> Reply:
    form = parse_form(request)
    missing = {"purpose", "file_name", "file_type"} - form.keys()
    if missing:
        return _error(False, 400, f"missing: {', '.join(sorted(missing))}")
    filename, purpose, checksum = form["file_name"].decode(), form["purpose"].decode(), form.get("checksum", b"")
    if name == "upload_file":
        stored = world.add_file(form.get("file", b""), filename=filename, purpose=purpose)
        return Reply.json(200, _file(world, stored))
    for held in world.files.values():
        is_same = held.data is not None and hashlib.sha256(held.data).hexdigest() == checksum.decode()
        if checksum and is_same and world.behaviour.reuses:
            return Reply.json(409, {"file_id": held.id})
    stored = world.add_file(None, filename=filename, purpose=purpose)
    stored.checksum = checksum.decode() or None
    location = origins["storage"] + storage.sign(f"/put/{stored.id}")
    return Reply(302).having({"Location": location, "X-Together-File-Id": stored.id})


def _multipart(world: World, name: str, request: Request, origins: Mapping[str, str]) -> Reply:
    asked = request.json()
    if not isinstance(asked, dict):
        return _error(False, 400, "no JSON")
    if name == "initiate":
        stored = world.add_file(None, filename=asked["file_name"], purpose=asked["purpose"])
        made = Upload(world.next_id("upload"), stored.id, asked["file_size"], asked["num_parts"])
        world.uploads[made.id] = made
        parts = [
            {
                "PartNumber": number,
                "URL": origins["storage"] + storage.sign(f"/part/{made.id}/{number}"),
                "Headers": dict(world.behaviour.part_headers),
            }
            for number in range(1, made.num_parts + 1)
        ]
        return Reply.json(200, {"upload_id": made.id, "file_id": stored.id, "parts": parts})
    upload = world.uploads.get(asked.get("upload_id", ""))
    if upload is None or asked.get("file_id") != upload.file_id:
        return _error(False, 404, "Upload not found")
    stored = world.files[upload.file_id]
    if name == "complete" and upload.state == "completed":  # a complete that is repeated answers as the first did
        return Reply.json(200, {"file": _file(world, stored)})
    if upload.state != "open":
        return _error(False, 409, f"Upload is {upload.state}")
    if name == "abort":
        upload.state = "aborted"
        upload.parts.clear()
        return Reply.json(200, {})
    told = [(part.get("part_number"), part.get("etag")) for part in asked.get("parts", [])]
    if told != [(number, etag(data)) for number, data in sorted(upload.parts.items())]:
        return _error(False, 400, "The parts are not those that were uploaded")
    upload.state = "completed"
    stored.data = b"".join(data for _, data in sorted(upload.parts.items()))
    stored.processed = True
    return Reply.json(200, {"file": _file(world, stored)})


def parse_form(request: Request) -> dict[str, bytes]:
    """The fields of a form, urlencoded or multipart; a file's field holds its bytes."""
    kind = request.header("Content-Type") or ""
    if not kind.startswith("multipart/"):
        return {name: value.encode() for name, value in parse_qsl(request.body.decode("utf-8", "replace"))}
    message = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + request.body)
    fields: dict[str, bytes] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(part, Message) and isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = payload
    return fields


def _job(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "user_id": "user-1",
        "input_file_id": job.input_file_id,
        "file_size_bytes": job.file_size_bytes,
        "status": job.status,
        "job_deadline": iso(job.created_at + 86_400),
        "created_at": iso(job.created_at),
        "endpoint": job.endpoint,
        "progress": 100 if job.status in DONE else 0,
        "model_id": None,
        "output_file_id": job.output_file_id,
        "error_file_id": job.error_file_id,
        "error": job.error,
        "completed_at": None if job.completed_at is None else iso(job.completed_at),
    }


def _file(world: World, stored: StoredFile) -> dict[str, object]:
    data = stored.data or b""
    shown: dict[str, object] = {
        "id": stored.id,
        "object": "file",
        "created_at": int(stored.created_at),
        "filename": stored.filename,
        "bytes": len(data),
        "purpose": stored.purpose,
        "FileType": stored.file_type,
        "Processed": stored.processed,
        "LineCount": len(data.splitlines()),
    }
    if world.behaviour.reports_checksum:
        shown["checksum"] = hashlib.sha256(data).hexdigest()
    return shown


def _error(batches: bool, status: int, message: str) -> Reply:
    if batches:
        return Reply.json(status, {"error": message, "request_id": "req-healthy"})
    return Reply.json(
        status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
    )
