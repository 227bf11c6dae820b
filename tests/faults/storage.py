"""The healthy storage behind presigned URLs: PUT of files and parts, GET of content with ranges."""

from __future__ import annotations

import hashlib
import re

from faults.message import Reply, Request
from faults.world import SIGNATURE, StoredFile, World, etag

ROUTES = ("put", "put_part", "blob", "foreign")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def sign(path: str) -> str:
    """A presigned target for a path."""
    mark = hashlib.sha256(path.encode()).hexdigest()[:16]
    return f"{path}?X-Amz-Expires=3600&X-Amz-Signature={SIGNATURE}-{mark}"


def route(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """The name of a storage route and the ids in its path; a part's name tells its number."""
    kind, *ids = path.strip("/").split("/")
    if (method, kind, len(ids)) == ("PUT", "part", 2):
        return f"put_part:{ids[1]}", tuple(ids)
    names = {("PUT", "put"): "put", ("GET", "blob"): "blob"}
    return (names.get((method, kind), "unknown"), tuple(ids)) if len(ids) == 1 else ("unknown", ())


def answer(world: World, request: Request) -> Reply:
    """Carry out a request to storage, or to the foreign origin; the caller holds the world's lock."""
    if request.header("Authorization") is not None:
        return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
    if request.target != sign(request.path) or request.target in world.revoked:
        return _refused(403, "AccessDenied", "Request has expired")
    kind, arguments = route(request.method, request.path)
    if kind.startswith("put_part:"):
        return _put_part(world, request, *arguments)
    stored = world.files.get(arguments[0]) if arguments else None
    if stored is None:
        return _refused(404, "NoSuchKey", "The specified key does not exist")
    if kind == "blob":
        return content(world, stored, request)
    stored.data = request.body
    return _stored(world, request.body)


def _put_part(world: World, request: Request, upload_id: str, number: str) -> Reply:
    upload = world.uploads.get(upload_id)
    if upload is None or upload.state != "open":
        return _refused(404, "NoSuchUpload", "The specified upload does not exist")
    if any(request.header(name) != value for name, value in world.behaviour.part_headers.items()):
        return _refused(403, "SignatureDoesNotMatch", "The headers are not those that were signed")
    upload.parts[int(number)] = request.body
    return _stored(world, request.body)


def _stored(world: World, data: bytes) -> Reply:
    return Reply(200).having({"ETag": etag(data)} if world.behaviour.put_etags else {})


def content(world: World, stored: StoredFile, request: Request) -> Reply:
    """The bytes of a file, or the range of them that is asked for and honoured."""
    behaviour, data = world.behaviour, stored.data or b""
    headers = {"Content-Type": "application/octet-stream"}
    if behaviour.etags:
        headers["ETag"] = etag(data)
    if behaviour.ranges:
        headers["Accept-Ranges"] = "bytes"
    whole = Reply(200, data).having(headers)
    match = _RANGE.fullmatch(request.header("Range") or "")
    condition = request.header("If-Range")
    is_other = behaviour.if_range and condition is not None and condition != headers.get("ETag")
    if not behaviour.ranges or match is None or not any(match.groups()) or is_other:
        return whole
    start, end = match.groups()
    first = int(start) if start else max(0, len(data) - int(end))
    last = min(int(end), len(data) - 1) if start and end else len(data) - 1
    if first > last:
        return Reply(416).having({"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Reply(206, data[first : last + 1]).having(headers)


def _refused(status: int, code: str, message: str) -> Reply:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, body.encode()).having({"Content-Type": "application/xml"})
