"""Each operation of the contract: what it sends, and what it makes of any answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from flows import RESET, SETTINGS, TIMED_OUT, Trace, reply
from together_batches import (
    APIResponseValidationError,
    APIStatusError,
    BatchJob,
    BatchJobStatus,
    ConflictError,
    FileDeleted,
    FileObject,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
)
from together_batches._effects import Call, Flow, Reply
from together_batches._operation import Operation, perform
from together_batches._wire import batches, checks, files, multipart

UPLOAD = multipart.MultipartUpload("u-1", "file-1", {})
NEW = files.NewFile("a.jsonl", 12, "batch-api", "jsonl")


def done(operation: Operation[Any] | Flow[Any], *answers: Any) -> Any:
    """The result of an operation that is answered so."""
    return Trace(*answers).run(perform(operation, SETTINGS) if isinstance(operation, Operation) else operation)


def sent(operation: Operation[Any]) -> tuple[str, str, Any, Any]:
    call = operation.call(SETTINGS)
    assert 60.0 == call.timeout
    return call.method, call.path, call.json, call.form


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (batches.list_batches(), ("GET", "/batches", None, None)),
        (batches.get_batch("j"), ("GET", "/batches/j", None, None)),
        (
            batches.create_batch("f", "/v1/x"),
            ("POST", "/batches", {"input_file_id": "f", "endpoint": "/v1/x", "completion_window": "24h"}, None),
        ),
        (files.list_files(), ("GET", "/files", None, None)),
        (files.get_file("f"), ("GET", "/files/f", None, None)),
        (files.preprocess_file("f"), ("POST", "/files/f/preprocess", None, None)),
        (
            multipart.initiate_multipart_upload(NEW, 2),
            (
                "POST",
                "/files/multipart/initiate",
                {
                    "file_name": "a.jsonl",
                    "file_size": 12,
                    "num_parts": 2,
                    "purpose": "batch-api",
                    "file_type": "jsonl",
                },
                None,
            ),
        ),
        (
            multipart.complete_multipart_upload(UPLOAD, [multipart.SentPart(1, '"e1"'), multipart.SentPart(2, '"e2"')]),
            (
                "POST",
                "/files/multipart/complete",
                {
                    "upload_id": "u-1",
                    "file_id": "file-1",
                    "parts": [{"part_number": 1, "etag": '"e1"'}, {"part_number": 2, "etag": '"e2"'}],
                },
                None,
            ),
        ),
        (
            multipart.abort_multipart_upload(UPLOAD),
            ("POST", "/files/multipart/abort", {"upload_id": "u-1", "file_id": "file-1"}, None),
        ),
    ],
    ids=lambda value: getattr(value, "name", None) or value[1],
)
def test_each_operation_is_sent_as_the_contract_says(operation: Operation[Any], expected: Any) -> None:
    """Method, path and body, and nothing that the contract does not ask for."""
    assert expected == sent(operation)


def test_operations_that_are_flows_are_sent_as_the_contract_says() -> None:
    """Cancel, delete and the start of an upload likewise."""
    for flow, answer, expected in (
        (batches.cancel_batch("j", SETTINGS), reply(200, {"id": "j"}), Call("POST", "/batches/j/cancel", 60.0)),
        (files.delete_file("f", SETTINGS), reply(200, {"id": "f"}), Call("DELETE", "/files/f", 60.0)),
        (
            files.start_upload(NEW, SETTINGS),
            reply(409, {"file_id": "f"}),
            Call(
                "POST",
                "/files",
                60.0,
                form={"purpose": "batch-api", "file_name": "a.jsonl", "file_type": "jsonl"},
            ),
        ),
    ):
        trace = Trace(answer)
        trace.run(flow)
        assert [expected] == trace.effects
    assert "/files/f/content" == files.content_path("f")


TAKES_AN_ID: list[Callable[[Any], Any]] = [
    batches.get_batch,
    lambda id: batches.create_batch(id, "/v1/x"),
    lambda id: done(batches.cancel_batch(id, SETTINGS)),
    files.get_file,
    lambda id: done(files.delete_file(id, SETTINGS)),
    files.preprocess_file,
    files.content_path,
]


@pytest.mark.parametrize("id", ["", ".", "..", None, 5, b"x", "\ud800"])
@pytest.mark.parametrize("operation", TAKES_AN_ID)
def test_what_cannot_stand_in_a_path_is_refused(operation: Callable[[Any], Any], id: Any) -> None:
    """An id that would lead elsewhere, or that is none, is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="is not an id"):
        operation(id)


@pytest.mark.parametrize(
    ("id", "path"),
    [
        ("batch_1-2.3~4", "batch_1-2.3~4"),
        ("../batches/x", "..%2Fbatches%2Fx"),
        ("a/b", "a%2Fb"),
        ("ü", "%C3%BC"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("...", "..."),
        ("a\\b", "a%5Cb"),
    ],
)
def test_any_other_id_is_one_segment_of_the_path(id: str, path: str) -> None:
    """Whatever stands in an id stays in its place."""
    assert f"/batches/{path}" == sent(batches.get_batch(id))[1]
    assert f"/files/{path}" == sent(files.get_file(id))[1]
    assert f"/files/{path}/preprocess" == sent(files.preprocess_file(id))[1]
    assert f"/files/{path}/content" == files.content_path(id)
    for flow, call in (
        (batches.cancel_batch(id, SETTINGS), f"POST /batches/{path}/cancel"),
        (files.delete_file(id, SETTINGS), f"DELETE /files/{path}"),
    ):
        trace = Trace(reply(200, {"id": id}))
        trace.run(flow)
        assert [call] == trace.calls


@pytest.mark.parametrize("operation", [batches.get_batch("j"), batches.cancel_batch("j", SETTINGS)])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_job_is_read_bare_and_wrapped(operation: Any, wrapped: bool) -> None:
    """Some sources put the job under `job`."""
    if not isinstance(operation, Operation):
        operation = batches.cancel_batch("j", SETTINGS)
    raw = {"id": "j", "status": "COMPLETED", "more": 1}
    job = done(operation, reply(200, {"job": raw} if wrapped else raw))
    assert BatchJob(id="j", status=BatchJobStatus.COMPLETED, extra={"more": 1}) == job


@pytest.mark.parametrize("status", [200, 201])
def test_a_created_job_is_read_from_under_job(status: int) -> None:
    """The job and the warning beside it."""
    job = done(batches.create_batch("f", "/v1/x"), reply(status, {"job": {"id": "j"}, "warning": "slow"}))
    assert BatchJob(id="j", warning="slow") == job


NO_JOB = [{}, {"job": None}, {"job": []}, {"job": {}}, {"job": {"id": None}}, {"job": {"id": ""}}, [], None, "j", 5]


@pytest.mark.parametrize("answer", [*NO_JOB, {"id": "j"}])
def test_a_create_without_a_job_breaks_the_contract(answer: Any) -> None:
    """The error shows the start of what came; a bare job is none here."""
    with pytest.raises(APIResponseValidationError, match=r"batches\.create_batch: .*it starts: ") as caught:
        done(batches.create_batch("f", "/v1/x"), reply(201, answer))
    assert 201 == caught.value.status_code


@pytest.mark.parametrize("answer", NO_JOB)
@pytest.mark.parametrize("wanted", ["job", "file", "jobs", "files", "complete"])
def test_an_answer_without_what_was_asked_for_breaks_the_contract(wanted: str, answer: Any) -> None:
    """The same for every other read, alone and in a list."""
    operation: Operation[Any] = {
        "job": batches.get_batch("j"),
        "file": files.get_file("f"),
        "jobs": batches.list_batches(),
        "files": files.list_files(),
        "complete": multipart.complete_multipart_upload(UPLOAD, []),
    }[wanted]
    body = {"jobs": [{"id": "j"}, answer], "files": {"data": [answer]}}.get(wanted, answer)
    with pytest.raises(APIResponseValidationError, match="it starts: "):
        done(operation, reply(200, body))


@pytest.mark.parametrize("bad", [b"", b"{", b"<html>", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("operation", [batches.get_batch("j"), batches.list_batches(), files.list_files()])
def test_a_success_that_is_no_json_breaks_the_contract(operation: Operation[Any], bad: bytes) -> None:
    """A page, a cut and nothing are no answers."""
    with pytest.raises(APIResponseValidationError):
        done(operation, reply(200, bad))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(b"null", []), ([], []), ([{"id": "a"}, {"id": "b"}], [BatchJob(id="a"), BatchJob(id="b")])],
)
def test_a_list_of_jobs_is_bare(answer: Any, expected: list[BatchJob]) -> None:
    """An array, where null stands for none."""
    assert expected == done(batches.list_batches(), reply(200, answer))


@pytest.mark.parametrize("answer", [{}, {"data": []}, "x", 5])
def test_what_is_no_list_of_jobs_breaks_the_contract(answer: Any) -> None:
    """Another shape is not taken for an empty list."""
    with pytest.raises(APIResponseValidationError, match="not a list of jobs"):
        done(batches.list_batches(), reply(200, answer))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"data": None}, []), ({}, []), ({"data": []}, []), ({"data": [{"id": "a"}]}, [FileObject(id="a")])],
)
def test_a_list_of_files_is_under_data(answer: Any, expected: list[FileObject]) -> None:
    """Absent and null stand for none."""
    assert expected == done(files.list_files(), reply(200, answer))


@pytest.mark.parametrize("data", [{}, "x", 5, False])
def test_what_is_no_list_of_files_breaks_the_contract(data: Any) -> None:
    """Another shape is not taken for an empty list."""
    with pytest.raises(APIResponseValidationError, match="no list of files"):
        done(files.list_files(), reply(200, {"data": data}))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"date": "Mon, 21 Sep 2026 14:13:20 GMT"}, datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)),
        ({"date": "Mon, 21 Sep 2026 16:13:20 +0200"}, datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)),
        ({"date": "yesterday"}, None),
        ({"date": ""}, None),
        ({"date": "Fri, 31 Dec 9999 23:59:59 -2359"}, None),
        ({}, None),
    ],
)
def test_a_list_knows_the_services_time(headers: dict[str, str], expected: datetime | None) -> None:
    """The Date header, where there is one that is a date."""
    assert expected == done(batches.listed(SETTINGS), reply(200, [], **headers)).date


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "f", "deleted": True}, FileDeleted(id="f")),
        ({"id": "f", "deleted": False}, FileDeleted(id="f", deleted=False)),
        ({"id": None, "deleted": None}, FileDeleted(id="f")),
        ({}, FileDeleted(id="f")),
        ({"id": 5}, FileDeleted(id="5")),
    ],
)
def test_a_deletion_is_believed_unless_denied(answer: Any, expected: FileDeleted) -> None:
    """A success says that the file is gone; only `false` says that it is not."""
    assert expected == done(files.delete_file("f", SETTINGS), reply(200, answer))


@pytest.mark.parametrize("lost", [RESET, TIMED_OUT, reply(500), reply(503)])
def test_a_deletion_that_is_met_again_is_done(lost: Any) -> None:
    """After a lost answer, what is gone was deleted by us."""
    assert FileDeleted(id="f") == done(files.delete_file("f", SETTINGS), lost, reply(404))


def test_a_deletion_of_nothing_is_an_error() -> None:
    """Without a lost answer, an unknown file is unknown."""
    with pytest.raises(NotFoundError):
        done(files.delete_file("f", SETTINGS), reply(404, {"error": {"message": "no"}}))
    with pytest.raises(ConflictError):
        done(files.delete_file("f", SETTINGS), RESET, reply(409))


@pytest.mark.parametrize("lost", [RESET, TIMED_OUT, reply(500), reply(503)])
@pytest.mark.parametrize("status", ["CANCELLED", "CANCELING"])
def test_a_cancel_that_is_met_again_is_done(lost: Any, status: str) -> None:
    """After a lost answer, a job that is being cancelled was cancelled by us."""
    trace = Trace(lost, reply(409, {"error": "already"}), reply(200, {"id": "j", "status": status}))
    assert BatchJob(id="j", status=BatchJobStatus(status)) == trace.run(batches.cancel_batch("j", SETTINGS))
    assert ["POST /batches/j/cancel", "POST /batches/j/cancel", "GET /batches/j"] == trace.calls


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "IN_PROGRESS", None])
def test_a_cancel_that_came_too_late_is_a_conflict(status: str | None) -> None:
    """A job that ended otherwise was not cancelled."""
    late = reply(409, {"error": "Cannot cancel job - already in terminal state: COMPLETED"})
    with pytest.raises(ConflictError, match="already in terminal state"):
        done(batches.cancel_batch("j", SETTINGS), RESET, late, reply(200, {"id": "j", "status": status}))
    with pytest.raises(ConflictError, match="already in terminal state"):
        done(batches.cancel_batch("j", SETTINGS), late)


STARTED = {"x_together_file_id": "file-1"}


def start(answer: Reply, base_url: str = SETTINGS.base_url) -> files.Ticket:
    settings = evolve(SETTINGS, base_url=base_url)
    ticket: files.Ticket = done(files.start_upload(NEW, settings), answer)
    return ticket


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://storage.test/x?sig=a%20b", "https://storage.test/x?sig=a%20b"),
        ("http://storage.test:8080/x", "http://storage.test:8080/x"),
        ("/put/x", "http://api.test/put/x"),
        ("//storage.test/x", "http://storage.test/x"),
    ],
)
def test_the_redirect_says_where_to_send_the_bytes(location: str, expected: str) -> None:
    """The address may be relative, as that of any redirect."""
    assert files.Ticket("file-1", expected) == start(reply(302, location=location, **STARTED))


def test_a_conflict_that_names_a_file_means_that_the_bytes_are_there() -> None:
    """Nothing needs to be sent."""
    assert files.Ticket("file-9", None) == start(reply(409, {"file_id": "file-9"}))


@pytest.mark.parametrize(
    "body", [{"error": {"message": "no"}}, {"file_id": ""}, {"file_id": 5}, [], None, b"no", b"<html>"]
)
def test_a_conflict_that_names_no_file_is_one(body: Any) -> None:
    """Whatever its shape, it is the service's error."""
    with pytest.raises(ConflictError):
        start(reply(409, body))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(302, **STARTED), "lacks Location"),
        (reply(302, location="https://storage.test/x"), "lacks Location or X-Together-File-Id"),
        (reply(302, location="", x_together_file_id=""), "lacks Location"),
        (reply(200, {"id": "file-1"}), "does not say where to send"),
        (reply(204), "does not say where to send"),
    ],
)
def test_an_upload_that_leads_nowhere_breaks_the_contract(answer: Reply, words: str) -> None:
    """A success without an address cannot be gone on with."""
    with pytest.raises(APIResponseValidationError, match=words):
        start(answer)


@pytest.mark.parametrize("status", [303, 307, 400, 404, 422])
def test_an_upload_that_is_refused_is_an_error(status: int) -> None:
    """Only 302 is the redirect of the protocol."""
    with pytest.raises(APIStatusError) as caught:
        start(reply(status, {"error": {"message": "no"}}, location="https://storage.test/x", **STARTED))
    assert status == caught.value.status_code


UNUSABLE = [
    "http:///bucket",
    "http:bucket",
    "ftp://storage.test/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https:///x",
    "https://:443/x",
    "https://user@storage.test/x",
    "https://user:word@storage.test/x",
    "https://@storage.test/x",
    "https://storage.test:0/x",
    "https://storage.test:99999/x",
    "https://storage.test:x/x",
    "https://[bad/x",
    "https://storage.test/a b",
    "https://storage.test/a\tb",
    "https://storage.test/a\r\nb",
    "https://storage.test/ü",
    "https://storage.test/\x7f",
]


@pytest.mark.parametrize("url", [*UNUSABLE, ""])
def test_an_address_that_is_not_to_be_trusted_is_refused(url: str) -> None:
    """Other schemes, user names, odd ports and characters; the error does not repeat the address."""
    with pytest.raises(APIResponseValidationError, match="doing: the service points to an unusable address") as caught:
        checks.checked_url(url, SETTINGS.base_url, "doing")
    assert not url or url not in str(caught.value)


@pytest.mark.parametrize("location", UNUSABLE)
def test_a_redirect_to_such_an_address_is_refused(location: str) -> None:
    """The same for a Location, relative or not."""
    with pytest.raises(APIResponseValidationError, match="unusable address"):
        start(reply(302, location=location, **STARTED))


def test_a_step_down_from_https_is_refused() -> None:
    """What is asked for in private is not sent in the open; the other way round is fine."""
    with pytest.raises(APIResponseValidationError):
        start(reply(302, location="http://storage.test/x", **STARTED), "https://api.test/v1")
    assert "https://storage.test/x" == start(reply(302, location="https://storage.test/x", **STARTED)).url


def initiated(**fields: Any) -> multipart.MultipartUpload:
    answer = {"upload_id": "u-1", "file_id": "file-1", "parts": [], **fields}
    upload: multipart.MultipartUpload = done(multipart.initiate_multipart_upload(NEW, 2), reply(200, answer))
    return upload


@pytest.mark.parametrize("number", ["PartNumber", "part_number"])
@pytest.mark.parametrize("url", ["URL", "UploadURL"])
def test_parts_come_in_two_spellings(number: str, url: str) -> None:
    """Both are read, with the headers that storage asks for."""
    part = {number: 2, url: "https://storage.test/2", "Headers": {"x-amz-key": "k", "x-n": 5}}
    bare = {number: 1, url: "https://storage.test/1"}
    assert multipart.MultipartUpload(
        "u-1",
        "file-1",
        {
            2: multipart.Part("https://storage.test/2", {"x-amz-key": "k", "x-n": "5"}),
            1: multipart.Part("https://storage.test/1", {}),
        },
    ) == initiated(parts=[part, bare])


@pytest.mark.parametrize(
    "header",
    [
        {"Authorization": "Bearer x"},
        {"cookie": "a=b"},
        {"Host": "other.test"},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
        {"x-a": "b\r\nHost: other.test"},
        {"x-a\r\nHost": "other.test"},
        {"x-ü": "b"},
        {"x-a": "ü"},
    ],
)
def test_a_header_that_storage_may_not_ask_for_is_left_out(header: dict[str, str]) -> None:
    """The frame of a request, and who sends it, are ours."""
    part = {"PartNumber": 1, "URL": "https://storage.test/1", "Headers": {**header, "x-fine": "y"}}
    assert {"x-fine": "y"} == initiated(parts=[part]).parts[1].headers


GOOD_PART = {"PartNumber": 1, "URL": "https://storage.test/1"}


@pytest.mark.parametrize(
    "fields",
    [
        {"upload_id": None},
        {"upload_id": 5},
        {"file_id": None},
        {"parts": None},
        {"parts": {"1": GOOD_PART}},
        {"parts": [None]},
        {"parts": ["https://storage.test/1"]},
        {"parts": [{**GOOD_PART, "PartNumber": "1"}]},
        {"parts": [{**GOOD_PART, "PartNumber": None}]},
        {"parts": [{**GOOD_PART, "URL": None}]},
        {"parts": [{**GOOD_PART, "Headers": ["x"]}]},
        {"parts": [GOOD_PART, {}]},
    ],
)
def test_an_upload_in_parts_that_is_not_whole_breaks_the_contract(fields: dict[str, Any]) -> None:
    """Without ids, numbers and addresses nothing can be sent."""
    with pytest.raises(APIResponseValidationError, match="it starts: "):
        initiated(**fields)


@pytest.mark.parametrize("url", UNUSABLE)
def test_a_part_with_an_address_that_is_not_to_be_trusted_is_refused(url: str) -> None:
    """The same rules as for a redirect."""
    with pytest.raises(APIResponseValidationError, match="unusable address"):
        initiated(parts=[{**GOOD_PART, "URL": url}])


@pytest.mark.parametrize("answer", [{"file": {"id": "f", "bytes": 3}}, {"id": "f", "bytes": 3}])
def test_a_completed_upload_is_a_file(answer: dict[str, Any]) -> None:
    """Bare, or under `file`."""
    assert FileObject(id="f", bytes=3) == done(multipart.complete_multipart_upload(UPLOAD, []), reply(200, answer))


def test_an_abort_reads_nothing() -> None:
    """Whatever a success says."""
    assert done(multipart.abort_multipart_upload(UPLOAD), reply(204, b"gone")) is None


def test_addresses_stand_in_no_repr() -> None:
    """A presigned URL is a key, so no value shows one."""
    url = "https://storage.test/x?signature=secret"
    for value in (files.Ticket("f", url), multipart.Part(url, {"x-amz-key": "secret"})):
        assert "secret" not in repr(value)
    assert "secret" not in repr(initiated(parts=[{**GOOD_PART, "URL": url}]))


def test_a_read_is_tried_again_and_a_create_is_not() -> None:
    """A passing failure costs a read a moment; a create that may have been accepted is never sent twice here."""
    assert BatchJob(id="j") == done(batches.get_batch("j"), RESET, reply(503), reply(200, {"id": "j"}))
    with pytest.raises(InternalServerError):
        done(batches.create_batch("f", "/v1/x"), reply(503))


def test_a_checksum_is_announced_when_there_is_one() -> None:
    """With either protocol, as a field of the announcement."""
    new = evolve(NEW, checksum="ab12")
    _, _, announced, _ = sent(multipart.initiate_multipart_upload(new, 2))
    assert "ab12" == announced["checksum"]
    trace = Trace(reply(409, {"file_id": "f"}))
    trace.run(files.start_upload(new, SETTINGS))
    (call,) = trace.effects
    assert isinstance(call, Call)
    assert {"purpose": "batch-api", "file_name": "a.jsonl", "file_type": "jsonl", "checksum": "ab12"} == call.form
