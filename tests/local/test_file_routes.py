from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.support import Api, chats
from together_batches.local._folder import Folder

REQUESTS = chats(3)


def test_a_file_as_it_is_shown(api: Api) -> None:
    """A file is shown with its size, its lines and its names; the list and the single answer agree."""
    file_id = api.upload(REQUESTS, file_name="../a folder/ünicode\x00.jsonl")
    file = api.get(f"/files/{file_id}").json()

    assert {
        "id": file_id,
        "object": "file",
        "created_at": file["created_at"],
        "filename": "../a folder/ünicode\x00.jsonl",
        "bytes": len(REQUESTS),
        "purpose": "batch-api",
        "FileType": "jsonl",
        "Processed": True,
        "LineCount": 3,
    } == file
    assert isinstance(file["created_at"], int)
    assert file == api.get("/files").json()["data"][0]


def test_a_file_is_there_when_its_bytes_are(api: Api) -> None:
    """Before the PUT the file cannot be seen; before it is processed it has no lines."""
    started = api.start_upload()
    file_id = started.headers["x-together-file-id"]
    before = [api.get(f"/files/{file_id}").status_code, api.post(f"/files/{file_id}/preprocess").status_code]
    httpx.put(started.headers["location"], content=REQUESTS)
    file = api.get(f"/files/{file_id}").json()

    assert [404, 404] == before
    assert (False, 0, len(REQUESTS)) == (file["Processed"], file["LineCount"], file["bytes"])
    job = api.wait(api.create(file_id)["id"])
    assert ("FAILED", "the input file has not been processed") == (job["status"], job["error"])


def test_a_multipart_form_starts_an_upload_too(api: Api) -> None:
    """Newer clients send the fields as a multipart form."""
    fields = {"purpose": "batch-api", "file_name": "r.jsonl", "file_type": "jsonl"}
    started = api.post("/files", files={name: (None, value) for name, value in fields.items()})

    assert 302 == started.status_code
    assert b"" == started.content
    assert started.headers["x-together-file-id"].startswith("file-")


def test_the_same_bytes(api: Api) -> None:
    """A checksum of bytes that are there for the same purpose is answered with their file; nothing else is."""
    content = chats(7)
    checksum = hashlib.sha256(content).hexdigest()
    file_id = api.upload(content, checksum=checksum)
    again = api.start_upload(checksum=checksum)

    assert (409, {"file_id": file_id}) == (again.status_code, again.json())
    assert 302 == api.start_upload().status_code
    assert 302 == api.start_upload(checksum=checksum, purpose="fine-tune").status_code


def test_a_wrong_checksum(api: Api) -> None:
    """Bytes that are not those that were announced make no file."""
    started = api.start_upload(checksum="0" * 64)
    file_id = started.headers["x-together-file-id"]
    httpx.put(started.headers["location"], content=REQUESTS)
    refused = api.post(f"/files/{file_id}/preprocess")

    assert 400 == refused.status_code
    assert "checksum" == refused.json()["error"]["param"]
    assert 404 == api.get(f"/files/{file_id}").status_code


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"purpose": ""}, "purpose"),
        ({"purpose": "surprise"}, "purpose"),
        ({"file_name": ""}, "file_name"),
        ({"file_type": "exe"}, "file_type"),
        ({"checksum": "0" * 63}, "checksum"),
    ],
)
def test_an_upload_that_is_refused(fields: dict[str, str], param: str, api: Api) -> None:
    """The error has the shape of errors of files and names the field."""
    refused = api.start_upload(**fields)
    error = refused.json()["error"]

    assert 400 == refused.status_code
    assert (param, "invalid_request_error", None) == (error["param"], error["type"], error["code"])
    assert error["message"].startswith(param)


@pytest.mark.parametrize("path", ["/files", "/files/upload"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("", b""),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="purpose"'),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("application/x-www-form-urlencoded", b"&" * 5000),
        ("application/x-www-form-urlencoded", b"purpose=batch-api&file_name=%00%ff&file_type"),
        ("application/x-www-form-urlencoded", b"x" * 2**20 + b"x"),
    ],
)
def test_a_form_that_cannot_be_read(path: str, kind: str, body: bytes, api: Api) -> None:
    """Whatever is sent as a form is refused as JSON, and never an error of the server."""
    refused = api.post(path, content=body, headers={"Content-Type": kind})

    assert 400 == refused.status_code
    assert refused.json()["error"]["message"]


def test_the_form_upload(api: Api) -> None:
    """One request makes a file; the type may be left out."""
    fields = {"purpose": "batch-api", "file_name": "r.jsonl"}
    file = api.post("/files/upload", data=fields, files={"file": ("x", REQUESTS * 20_000)})
    no_file = api.post("/files/upload", files={name: (None, value) for name, value in fields.items()})
    odd = api.post("/files/upload", data=fields, files={"file": ("x", b""), "checksum": ("y", b"")})

    assert (200, "jsonl", True, 60_000) == (
        file.status_code,
        *(file.json()[name] for name in ("FileType", "Processed", "LineCount")),
    )
    assert REQUESTS * 20_000 == api.get(f"/files/{file.json()['id']}/content").content
    assert (400, "file") == (no_file.status_code, no_file.json()["error"]["param"])
    assert (400, "checksum") == (odd.status_code, odd.json()["error"]["param"])


def test_deleting(api: Api) -> None:
    """A file that was deleted is gone, from the disk too."""
    file_id = api.upload(REQUESTS)
    deleted = api.delete(f"/files/{file_id}")

    assert (200, {"id": file_id, "deleted": True}) == (deleted.status_code, deleted.json())
    for gone in (
        api.get(f"/files/{file_id}"),
        api.get(f"/files/{file_id}/content"),
        api.delete(f"/files/{file_id}"),
        api.post(f"/files/{file_id}/preprocess"),
    ):
        assert (404, "not_found_error") == (gone.status_code, gone.json()["error"]["type"])


def test_a_file_whose_bytes_are_gone(api: Api, echo: Any) -> None:
    """A file that another process is just deleting is not found."""
    file_id = api.upload(REQUESTS)
    Path(echo.data_dir, "files", file_id).unlink()

    assert 404 == api.get(f"/files/{file_id}/content").status_code


@pytest.mark.parametrize(
    ("headers", "status", "part", "content_range"),
    [
        ({}, 200, slice(None), None),
        ({"Range": "bytes=0-0"}, 206, slice(0, 1), "bytes 0-0/{size}"),
        ({"Range": "bytes=10-"}, 206, slice(10, None), "bytes 10-{last}/{size}"),
        ({"Range": "bytes=10-99999"}, 206, slice(10, None), "bytes 10-{last}/{size}"),
        ({"Range": "bytes=-5"}, 206, slice(-5, None), "bytes {tail}-{last}/{size}"),
        ({"Range": "bytes=-99999"}, 206, slice(None), "bytes 0-{last}/{size}"),
        ({"Range": "bytes=-"}, 200, slice(None), None),
        ({"Range": "bytes=0-1,3-4"}, 200, slice(None), None),
        ({"Range": "lines=0-1"}, 200, slice(None), None),
        ({"Range": "bytes=5-", "If-Range": '"other"'}, 200, slice(None), None),
        ({"Range": "bytes=99999-"}, 416, None, "bytes */{size}"),
        ({"Range": "bytes=5-4"}, 416, None, "bytes */{size}"),
        ({"Range": "bytes=-0"}, 416, None, "bytes */{size}"),
    ],
)
def test_content(headers: dict[str, str], status: int, part: slice | None, content_range: str, api: Api) -> None:
    """The content, or a range of it, comes with its length and a validator; a range can be joined by it."""
    answer = api.get(f"/files/{api.upload(REQUESTS)}/content", headers=headers)
    size = len(REQUESTS)
    expected = content_range and content_range.format(size=size, last=size - 1, tail=size - 5)

    assert status == answer.status_code
    assert expected == answer.headers.get("content-range")
    if part is None:
        assert answer.json()["error"]["message"]
        return
    assert REQUESTS[part] == answer.content
    assert str(len(answer.content)) == answer.headers["content-length"]
    assert "application/octet-stream" == answer.headers["content-type"]
    assert "bytes" == answer.headers["accept-ranges"]
    assert f'"{hashlib.sha256(REQUESTS).hexdigest()}"' == answer.headers["etag"]


def test_an_empty_file(api: Api) -> None:
    """It can be uploaded and downloaded."""
    answer = api.get(f"/files/{api.upload(b'')}/content")

    assert (200, b"", "0") == (answer.status_code, answer.content, answer.headers["content-length"])


class TestMultipart:
    FIELDS = {"file_name": "big.jsonl", "num_parts": 3, "purpose": "batch-api", "file_type": "jsonl"}  # noqa: RUF012 (never changed)
    CHUNKS = (REQUESTS[:100], REQUESTS[100:150], REQUESTS[150:])

    def initiate(self, api: Api, **fields: Any) -> dict[str, Any]:
        answer = api.post("/files/multipart/initiate", json={"file_size": len(REQUESTS)} | self.FIELDS | fields)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def send(self, upload: dict[str, Any]) -> list[dict[str, Any]]:
        """Sends the parts, last first."""
        sent: list[dict[str, Any]] = []
        for part, chunk in reversed(list(zip(upload["parts"], self.CHUNKS, strict=True))):
            answer = httpx.put(part["URL"], headers=part["Headers"], content=chunk)
            sent.append({"part_number": part["PartNumber"], "etag": answer.headers["etag"]})
        return sent

    def complete(self, api: Api, upload: dict[str, Any], parts: Any) -> httpx.Response:
        body = {"upload_id": upload["upload_id"], "file_id": upload["file_id"], "parts": parts}
        return api.post("/files/multipart/complete", json=body)

    def test_all_of_it(self, api: Api, echo: Any) -> None:
        """Parts that come in any order become one file that is ready to be used; they leave nothing behind."""
        upload = self.initiate(api, checksum=hashlib.sha256(REQUESTS).hexdigest())
        parts = self.send(upload)
        first = upload["parts"][0]
        httpx.put(first["URL"], headers=first["Headers"], content=self.CHUNKS[0])
        hidden = api.get(f"/files/{upload['file_id']}").status_code
        done = self.complete(api, upload, parts)

        assert 404 == hidden
        assert 200 == done.status_code
        assert (upload["file_id"], len(REQUESTS), True, 3) == tuple(
            done.json()["file"][name] for name in ("id", "bytes", "Processed", "LineCount")
        )
        assert REQUESTS == api.get(f"/files/{upload['file_id']}/content").content
        assert "COMPLETED" == api.wait(api.create(upload["file_id"])["id"])["status"]
        assert 404 == self.complete(api, upload, parts).status_code
        assert not list(Path(echo.data_dir, "parts").glob(f"{upload['upload_id']}*"))

    def test_aborting_while_it_is_completed(self, api: Api, echo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was put together in vain is removed."""
        join = Folder.join
        upload = self.initiate(api)

        def slow_join(folder: Folder, *arguments: Any) -> Any:
            joined = join(folder, *arguments)
            ids = {name: upload[name] for name in ("upload_id", "file_id")}
            with Api(echo) as other:
                assert 200 == other.post("/files/multipart/abort", json=ids).status_code
            return joined

        monkeypatch.setattr(Folder, "join", slow_join)

        assert 404 == self.complete(api, upload, self.send(upload)).status_code
        assert not Path(echo.data_dir, "files", upload["file_id"]).exists()

    def test_the_other_spelling(self, api: Api) -> None:
        """Some clients say PartNumber and ETag, and filename."""
        upload = self.initiate(api, filename="f.jsonl")
        parts = [{"PartNumber": part["part_number"], "ETag": part["etag"]} for part in self.send(upload)]

        assert 200 == self.complete(api, upload, parts).status_code

    def test_what_is_not_complete(self, api: Api) -> None:
        """Parts that are missing, named twice, of another etag or of another size altogether are refused."""
        upload = self.initiate(api)
        unsent = self.complete(api, upload, [{"part_number": n, "etag": "x"} for n in (1, 2, 3)])
        parts = self.send(upload)
        larger = self.initiate(api, file_size=len(REQUESTS) + 1)
        wrong = [
            unsent,
            self.complete(api, upload, parts[:2]),
            self.complete(api, upload, [*parts, parts[0]]),
            self.complete(api, upload, [*parts[:2], parts[2] | {"etag": "x"}]),
            self.complete(api, upload, [*parts[:2], "x"]),
            self.complete(api, upload, {}),
            self.complete(api, larger, self.send(larger)),
        ]

        assert [(400, "parts")] * 7 == [(each.status_code, each.json()["error"]["param"]) for each in wrong]
        assert 200 == self.complete(api, upload, parts).status_code

    def test_parts_that_are_gone(self, api: Api, echo: Any) -> None:
        """When another process has just completed or aborted the upload, it is not found."""
        upload = self.initiate(api)
        parts = self.send(upload)
        Path(echo.data_dir, "parts", f"{upload['upload_id']}.2").unlink()

        assert 404 == self.complete(api, upload, parts).status_code

    def test_a_wrong_checksum(self, api: Api) -> None:
        """Bytes that are not those that were announced make no file."""
        upload = self.initiate(api, checksum="0" * 64)
        refused = self.complete(api, upload, self.send(upload))

        assert (400, "checksum") == (refused.status_code, refused.json()["error"]["param"])
        assert 404 == api.get(f"/files/{upload['file_id']}").status_code

    def test_aborting(self, api: Api, echo: Any) -> None:
        """An upload that was given up is gone, and its parts are."""
        upload = self.initiate(api)
        ids = {name: upload[name] for name in ("upload_id", "file_id")}
        self.send(upload)
        other_file = api.post("/files/multipart/abort", json=ids | {"file_id": "file-x"})
        no_file = api.post("/files/multipart/abort", json={"upload_id": "x"})
        aborted = api.post("/files/multipart/abort", json=ids)
        late = httpx.put(upload["parts"][0]["URL"], headers=upload["parts"][0]["Headers"], content=b"x")

        assert (404, 400) == (other_file.status_code, no_file.status_code)
        assert (200, {"success": True}) == (aborted.status_code, aborted.json())
        assert 404 == api.post("/files/multipart/abort", json=ids).status_code
        assert 404 == late.status_code
        assert not list(Path(echo.data_dir, "parts").glob(f"{upload['upload_id']}*"))

    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ({"file_size": 0}, "file_size"),
            ({"file_size": "1"}, "file_size"),
            ({"file_size": 1e3}, "file_size"),
            ({"file_size": 2**64}, "file_size"),
            ({"num_parts": 251}, "num_parts"),
            ({"num_parts": True}, "num_parts"),
            ({"purpose": None}, "purpose"),
        ],
    )
    def test_what_cannot_be_initiated(self, fields: dict[str, Any], param: str, api: Api) -> None:
        """Sizes and counts that make no sense are refused."""
        body = {"file_size": 10} | self.FIELDS | fields
        refused = api.post("/files/multipart/initiate", json=body)

        assert (400, param) == (refused.status_code, refused.json()["error"]["param"])
