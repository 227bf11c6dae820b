"""The healthy service behaves as the contract says, over the wire."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from faults.faults import Fault
from faults.server import FaultServer
from faults.world import KEY, Behaviour, etag

GOOD = b'{"custom_id": "a", "body": {"model": "m"}}\n'
BAD = b'{"custom_id": "b", "body": {"model": "m", "fail": true}}\n'
FORM = {"purpose": "batch-api", "file_name": "x.jsonl", "file_type": "jsonl"}


@pytest.fixture
def api(server: FaultServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def test_upload(server: FaultServer, api: httpx.Client) -> None:
    """302 to storage, PUT without the key, preprocess; then the same checksum is there already."""
    checksum = hashlib.sha256(GOOD).hexdigest()
    started = api.post("/files", data={**FORM, "checksum": checksum})
    file_id, url = started.headers["x-together-file-id"], started.headers["location"]
    assert (302, True) == (started.status_code, url.startswith(server.origins["storage"] + "/put/"))
    assert 400 == api.post(f"/files/{file_id}/preprocess").status_code
    assert 400 == api.put(url, content=GOOD).status_code
    put = httpx.put(url, content=GOOD)
    assert (200, etag(GOOD)) == (put.status_code, put.headers["etag"])
    shown = api.post(f"/files/{file_id}/preprocess").json()
    assert (file_id, len(GOOD), True, 1) == (shown["id"], shown["bytes"], shown["Processed"], shown["LineCount"])
    again = api.post("/files", files={name: (None, value) for name, value in {**FORM, "checksum": checksum}.items()})
    assert (409, {"file_id": file_id}) == (again.status_code, again.json())
    assert ["credentials to storage put"] == server.world.leaks()


def test_a_presigned_url_is_guarded(server: FaultServer, api: httpx.Client) -> None:
    """An altered or a revoked URL is refused, and a fresh one works."""
    url = api.post("/files", data=FORM).headers["location"]
    assert 403 == httpx.put(f"{url}0", content=GOOD).status_code
    server.script("put", Fault.revoked_url())
    assert [403, 403] == [httpx.put(url, content=GOOD).status_code for _ in range(2)]
    assert 200 == httpx.put(api.post("/files", data=FORM).headers["location"], content=GOOD).status_code


def test_form_upload(server: FaultServer, api: httpx.Client) -> None:
    """The multipart form keeps the bytes as they are."""
    data = bytes(range(256)) + b"\r\n\r\n--x\n"
    shown = api.post("/files/upload", data=FORM, files={"file": ("x.jsonl", data)}).json()
    assert data == server.world.files[shown["id"]].data


def test_multipart(server: FaultServer, api: httpx.Client) -> None:
    """Parts in any order, each with its headers, make the file; wrong parts do not; abort ends it."""
    asked = {"file_name": "x.jsonl", "file_size": 6, "num_parts": 3, "purpose": "batch-api", "file_type": "jsonl"}
    made = api.post("/files/multipart/initiate", json=asked).json()
    ids = {"upload_id": made["upload_id"], "file_id": made["file_id"]}
    tags = {}
    for part, data in reversed(list(zip(made["parts"], (b"ab", b"cd", b"ef"), strict=True))):
        assert 403 == httpx.put(part["URL"], content=data).status_code
        tags[part["PartNumber"]] = httpx.put(part["URL"], content=data, headers=part["Headers"]).headers["etag"]
    parts = [{"part_number": number, "etag": tag} for number, tag in sorted(tags.items())]
    assert 400 == api.post("/files/multipart/complete", json={**ids, "parts": parts[1:]}).status_code
    for _ in range(2):
        answer = api.post("/files/multipart/complete", json={**ids, "parts": parts})
        assert (200, 6) == (answer.status_code, answer.json()["file"]["bytes"])
    assert b"abcdef" == server.world.files[made["file_id"]].data
    other = api.post("/files/multipart/initiate", json=asked).json()
    ids = {"upload_id": other["upload_id"], "file_id": other["file_id"]}
    assert [200, 409] == [api.post("/files/multipart/abort", json=ids).status_code for _ in range(2)]
    assert "aborted" == server.world.uploads[other["upload_id"]].state
    part = other["parts"][0]
    assert 404 == httpx.put(part["URL"], content=b"ab", headers=part["Headers"]).status_code
    assert [3 * 2, 2] == [len(server.world.seen("put_part")) - 1, len(server.world.seen("put_part:2"))]


@pytest.mark.parametrize(
    ("headers", "status", "told", "got"),
    [
        ({}, 200, None, GOOD),
        ({"Range": "bytes=3-5"}, 206, f"bytes 3-5/{len(GOOD)}", GOOD[3:6]),
        ({"Range": "bytes=40-"}, 206, f"bytes 40-{len(GOOD) - 1}/{len(GOOD)}", GOOD[40:]),
        ({"Range": "bytes=-2"}, 206, f"bytes {len(GOOD) - 2}-{len(GOOD) - 1}/{len(GOOD)}", GOOD[-2:]),
        ({"Range": "bytes=3-5", "If-Range": '"other"'}, 200, None, GOOD),
        ({"Range": "bytes=3-5", "If-Range": etag(GOOD)}, 206, f"bytes 3-5/{len(GOOD)}", GOOD[3:6]),
        ({"Range": "bytes=99-"}, 416, f"bytes */{len(GOOD)}", b""),
        ({"Range": "lines=1"}, 200, None, GOOD),
    ],
)
def test_ranges(
    server: FaultServer, api: httpx.Client, headers: dict[str, str], status: int, told: str | None, got: bytes
) -> None:
    """Content comes whole or in the range that is asked for, under the condition that is set."""
    stored = server.world.add_file(GOOD)
    answer = api.get(f"/files/{stored.id}/content", headers=headers)
    assert (status, told, got) == (answer.status_code, answer.headers.get("content-range"), answer.content)


def test_content_otherwise(server: FaultServer, api: httpx.Client) -> None:
    """Ranges, ETags and lengths can be missing, and content can lie in storage or elsewhere."""
    server.reset(Behaviour(ranges=False, etags=False, content_length=False))
    path = f"/files/{server.world.add_file(GOOD).id}/content"
    answer = api.get(path, headers={"Range": "bytes=3-5"})
    assert (200, GOOD, "chunked") == (answer.status_code, answer.content, answer.headers["transfer-encoding"])
    assert not {"etag", "accept-ranges", "content-length"} & set(answer.headers)
    server.world.behaviour.content_redirects = True
    server.script("content", Fault.redirect("foreign"), Fault.healthy(), Fault.relocated("foreign"))
    for origin in ("foreign", "storage", "foreign"):
        moved = api.get(path).headers["location"]
        assert moved.startswith(server.origins[origin])
        assert GOOD == httpx.get(moved).content
    assert [] == server.world.leaks()


def test_a_job_to_its_end(server: FaultServer, api: httpx.Client) -> None:
    """A job steps on each time it is asked for, and leaves a row for each line in one of two files."""
    stored = server.world.add_file(GOOD + BAD)
    made = api.post("/batches", json={"input_file_id": stored.id, "endpoint": "/v1/chat/completions"})
    job = made.json()["job"]
    assert (201, "VALIDATING", len(GOOD + BAD)) == (made.status_code, job["status"], job["file_size_bytes"])
    assert ("2026-05-28T20:26:40Z", "2026-05-29T20:26:40Z") == (job["created_at"], job["job_deadline"])
    shown = [api.get(f"/batches/{job['id']}").json() for _ in range(3)]
    assert ["IN_PROGRESS", "COMPLETED", "COMPLETED"] == [job["status"] for job in shown]
    assert '"custom_id": "a"' in api.get(f"/files/{shown[2]['output_file_id']}/content").text
    assert '"custom_id": "b"' in api.get(f"/files/{shown[2]['error_file_id']}/content").text
    assert 409 == api.post(f"/batches/{job['id']}/cancel").status_code


def test_a_job_that_ends_otherwise(server: FaultServer, api: httpx.Client) -> None:
    """A bad input file is accepted and fails later; a cancel takes a while."""
    bad = api.post("/batches", json={"input_file_id": "none", "endpoint": "/v1/chat/completions"}).json()["job"]
    failed = api.get(f"/batches/{bad['id']}").json()
    assert ("FAILED", None) == (failed["status"], failed["output_file_id"])
    assert failed["error"]
    job = server.world.add_job(server.world.add_file(GOOD).id)
    assert "CANCELING" == api.post(f"/batches/{job.id}/cancel").json()["status"]
    assert "CANCELLED" == api.get(f"/batches/{job.id}").json()["status"]
    assert 404 == api.get("/batches/none").status_code


def test_the_services_clock(server: FaultServer, api: httpx.Client) -> None:
    """What is dated follows the tests' clock, off by the skew, and cut to seconds when told."""
    server.clock.sleep(1.75)
    assert "2026-05-28T20:26:41.750000Z" == api.get(f"/batches/{server.world.add_job('none').id}").json()["created_at"]
    server.world.behaviour.skew_seconds, server.world.behaviour.whole_seconds = -60.0, True
    shown = api.get(f"/batches/{server.world.add_job('none', age=1.0).id}")
    assert "2026-05-28T20:25:40Z" == shown.json()["created_at"]
    assert "Thu, 28 May 2026 20:25:41 GMT" == shown.headers["date"]


def test_the_list_lags(server: FaultServer, api: httpx.Client) -> None:
    """A job is listed after so many lists, or from a moment of the tests' clock, or when it is said."""
    server.world.behaviour.lag_lists = 2
    job = server.world.add_job("none")
    assert [0, 0, 1, 1] == [len(api.get("/batches").json()) for _ in range(4)]
    server.reset(Behaviour(lag_seconds=5.0, null_for_no_jobs=True))
    job = server.world.add_job("none")
    assert api.get("/batches").json() is None
    server.clock.sleep(5.0)
    assert [job.id] == [shown["id"] for shown in api.get("/batches").json()]
    server.world.behaviour.visible = lambda job: False
    assert api.get("/batches").json() is None


def test_files(server: FaultServer, api: httpx.Client) -> None:
    """Files are listed, shown and deleted; what is not there is not found, in the service's words for files."""
    stored = server.world.add_file(GOOD)
    assert [stored.id] == [shown["id"] for shown in api.get("/files").json()["data"]]
    assert len(GOOD) == api.get(f"/files/{stored.id}").json()["bytes"]
    assert {"id": stored.id, "deleted": True} == api.delete(f"/files/{stored.id}").json()
    gone = api.get(f"/files/{stored.id}")
    assert (404, "File not found") == (gone.status_code, gone.json()["error"]["message"])
    assert 401 == api.get("/files", headers={"Authorization": "Bearer other"}).status_code
