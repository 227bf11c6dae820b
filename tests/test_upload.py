"""The upload protocols, as traces of what the flow asks of the world."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from flows import REFUSED, RESET, SETTINGS, TIMED_OUT, Trace, reply
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    BadRequestError,
    FileCheckError,
    FileObject,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    UploadError,
    _source,
    _upload,
)
from together_batches._effects import Call, Effect, Flow, Parallel, Put, Reply
from together_batches._files import upload
from together_batches._retry import Policy
from together_batches._upload import file_type_of

LINE = b'{"custom_id": "a", "body": {"model": "m"}}\n'
URL = "https://storage.test/x?signature=hidden"
STARTED = reply(302, location=URL, x_together_file_id="file-1")
DONE = reply(200, {"id": "file-1", "bytes": len(LINE)})
ONE_TRY = evolve(SETTINGS, policy=Policy(max_retries=0))


def flow(file: Any = None, purpose: str = "batch-api", **options: Any) -> Flow[FileObject]:
    file = io.BytesIO(LINE) if file is None else file
    name = None if isinstance(file, Path) else "a.jsonl"
    return upload(file, purpose, name, options.pop("on_progress", None), options.pop("settings", SETTINGS), **options)


def sent(answer: Reply, received: list[bytes] | None = None) -> Callable[[Put], Reply]:
    """Storage: takes all of a body, then answers."""

    def storage(put: Put) -> Reply:
        body = b"".join(put.body)
        assert put.body.size == len(body)
        if received is not None:
            received.append(body)
        return answer

    return storage


def test_announced_sent_and_processed() -> None:
    """The redirect says where to, the bytes go there alone, and the service is told that they are there."""
    received: list[bytes] = []
    trace = Trace(STARTED, sent(reply(200), received), DONE)
    assert FileObject(id="file-1", bytes=len(LINE)) == trace.run(flow())
    assert ["POST /files", "POST /files/file-1/preprocess"] == trace.calls
    put = trace.effects[1]
    assert isinstance(put, Put)
    assert (URL, {}, 60.0, [LINE]) == (put.url, put.headers, put.timeout, received)
    assert "hidden" not in repr(put)


def test_bytes_that_are_there_already_are_not_sent() -> None:
    """A conflict that names a file is that file."""
    trace = Trace(reply(409, {"file_id": "file-9"}), reply(200, {"id": "file-9", "bytes": len(LINE)}))
    assert "file-9" == trace.run(flow()).id
    assert ["POST /files", "GET /files/file-9"] == trace.calls


@pytest.mark.parametrize("trouble", [RESET, REFUSED, TIMED_OUT, reply(500), reply(503), reply(429), reply(408)])
def test_a_put_is_repeated_with_all_its_bytes(trouble: Any) -> None:
    """What fails on the way is sent again, to the same place, from the beginning."""
    received: list[bytes] = []
    trace = Trace(STARTED, trouble, sent(reply(503), received), sent(reply(200), received), DONE)
    trace.run(flow())
    assert [LINE, LINE] == received
    assert ["POST /files", "POST /files/file-1/preprocess"] == trace.calls
    assert [(0.0, 0.5), (0.0, 1.0)] == trace.sleeps


@pytest.mark.parametrize("trouble", [RESET, TIMED_OUT, reply(500), reply(429)])
def test_the_calls_of_an_upload_are_repeated(trouble: Any) -> None:
    """A lost announcement and a lost call to process do no harm twice."""
    trace = Trace(trouble, STARTED, sent(reply(200)), trouble, DONE)
    trace.run(flow())
    assert ["POST /files"] * 2 + ["POST /files/file-1/preprocess"] * 2 == trace.calls


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refused_url_is_asked_for_again(status: int) -> None:
    """A presigned URL that has run out costs another announcement."""
    second = reply(302, location="https://storage.test/y", x_together_file_id="file-2")
    trace = Trace(STARTED, sent(reply(status, b"<Error/>")), second, sent(reply(200)), DONE)
    trace.run(flow())
    assert ["POST /files", "POST /files", "POST /files/file-2/preprocess"] == trace.calls


def test_a_url_that_is_always_refused_is_an_error() -> None:
    """After the last try the error says what storage said."""
    trace = Trace(*[STARTED, reply(403, b"<Error><Code>Expired</Code></Error>")] * 5)
    with pytest.raises(PermissionDeniedError, match="403 Expired"):
        trace.run(flow())
    assert 5 == trace.calls.count("POST /files")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_storage_does_not_blame_the_key(status: int) -> None:
    """Storage never saw the key: the hint is not to set another."""
    with pytest.raises(APIStatusError) as caught:
        Trace(STARTED, reply(status, b"<Error/>")).run(flow(settings=ONE_TRY))
    assert "key" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 500])
def test_a_signature_that_storage_says_back_is_not_repeated(status: int) -> None:
    """Storage quotes what was signed; an error does not."""
    quoted = b"<Error><Code>SignatureDoesNotMatch</Code><SignatureProvided>hidden</SignatureProvided></Error>"
    with pytest.raises(APIStatusError) as caught:
        Trace(STARTED, reply(status, quoted)).run(flow(settings=ONE_TRY))
    assert "hidden" not in str(caught.value) + repr(caught.value.body)


def test_storage_that_stays_away_is_an_error() -> None:
    """Neither another URL nor a word to the service."""
    trace = Trace(STARTED, *[RESET] * 5)
    with pytest.raises(APIConnectionError, match="storage: reset") as caught:
        trace.run(flow())
    assert ["POST /files"] == trace.calls
    assert "hidden" not in str(caught.value)
    with pytest.raises(APIStatusError, match="storage: 507"):
        Trace(STARTED, reply(507)).run(flow(settings=ONE_TRY))


@pytest.mark.parametrize("held", [0, len(LINE) - 1, len(LINE) + 1])
def test_another_size_at_the_service_is_an_error(held: int) -> None:
    """A file counts only when the service reports the size that was read."""
    words = rf"the service holds {held} bytes of a\.jsonl, which has 43: delete file-1 and upload again"
    with pytest.raises(UploadError, match=words):
        Trace(STARTED, sent(reply(200)), reply(200, {"id": "file-1", "bytes": held})).run(flow())


def test_a_service_that_tells_no_size_is_believed() -> None:
    """An absent size proves nothing."""
    assert Trace(STARTED, sent(reply(200)), reply(200, {"id": "file-1"})).run(flow()).bytes is None


def test_a_file_that_changes_is_not_processed(tmp_path: Path) -> None:
    """What was sent is neither the old file nor the new one."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)

    def storage(put: Put) -> Reply:
        path.write_bytes(LINE * 2)
        return sent(reply(200))(put)

    trace = Trace(STARTED, storage)
    with pytest.raises(UploadError, match=r"a\.jsonl changed while it was sent"):
        trace.run(flow(path))
    assert ["POST /files"] == trace.calls


def test_progress_ends_at_the_size_whatever_has_to_be_repeated() -> None:
    """Bytes that are sent again are not counted twice."""
    told: list[tuple[int, int]] = []
    trace = Trace(STARTED, sent(reply(503)), sent(reply(403)), STARTED, sent(reply(200)), DONE)
    trace.run(flow(on_progress=lambda done, total: told.append((done, total))))
    assert (43, 43) == told[-1] == max(told)
    assert min(told) >= (0, 43)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.jsonl", "jsonl"), ("A.JSONL", "jsonl"), ("a.parquet", "parquet"), ("a.csv", "csv"), ("a.csv.jsonl", "jsonl")],
)
def test_a_type_is_told_by_the_suffix(name: str, expected: str) -> None:
    """Those that the service takes."""
    assert expected == file_type_of(name)


@pytest.mark.parametrize("name", ["a", "a.json", "a.txt", "jsonl", "a.jsonl.gz"])
def test_another_suffix_is_refused(name: str) -> None:
    """Before anything is read or sent."""
    trace = Trace()
    with pytest.raises(InvalidArgumentError, match=r"ends in none of \.jsonl, \.parquet, \.csv"):
        trace.run(upload(io.BytesIO(b"x"), "fine-tune", name, None, SETTINGS))


def test_a_request_file_is_checked_first() -> None:
    """One that breaks a rule is not sent, unless that is wanted or it is for something else."""
    bad = b"{}\n"
    trace = Trace()
    with pytest.raises(FileCheckError, match="line 1: has no"):
        trace.run(flow(io.BytesIO(bad)))
    held = reply(200, {"id": "file-1", "bytes": 3})
    for options in ({"check_for": None}, {"purpose": "fine-tune"}):
        assert "file-1" == Trace(STARTED, sent(reply(200)), held).run(flow(io.BytesIO(bad), **options)).id


@pytest.mark.parametrize("purpose", ["", None, 5])
def test_a_file_has_a_purpose(purpose: Any) -> None:
    """Without one nothing is sent."""
    with pytest.raises(InvalidArgumentError, match="purpose="):
        Trace().run(flow(purpose=purpose))


def test_a_checksum_goes_first_and_is_compared() -> None:
    """When asked for, the SHA-256 is announced, and another one at the service is an error."""
    sha256 = hashlib.sha256(LINE).hexdigest()
    for theirs, fits in ((sha256, True), (None, True), ("ab12", False)):
        trace = Trace(STARTED, sent(reply(200)), reply(200, {"id": "file-1", "checksum": theirs}))
        if fits:
            trace.run(flow(checksum=True))
        else:
            with pytest.raises(UploadError, match="holds other bytes than"):
                trace.run(flow(checksum=True))
        call = trace.effects[0]
        assert isinstance(call, Call)
        assert call.form is not None
        assert sha256 == call.form["checksum"]


DATA = bytes(range(100))


class Whole(Trace):
    """A trace that tells a flow of the errors of its parts, as the drivers do."""

    parallel: Parallel | None = None

    def run(self, flow: Flow[Any]) -> Any:
        outcome: object = None
        error: Exception | None = None
        try:
            while True:
                effect: Effect = flow.throw(error) if error else flow.send(outcome)
                outcome = error = None
                if isinstance(effect, Parallel):
                    self.parallel = effect
                try:
                    outcome = self._perform(effect)
                except Exception as raised:
                    error = raised
        except StopIteration as stop:
            assert next(self.answers, None) is None, "not all answers were asked for"
            return stop.value
        finally:
            flow.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files above 50 bytes go in parts of 30."""
    monkeypatch.setattr(_upload, "MULTIPART_ABOVE_BYTES", 50)
    monkeypatch.setattr(_upload, "PART_BYTES", 30)
    monkeypatch.setattr(_source, "CHUNK_BYTES", 20)


def parts(count: int = 4, **fields: Any) -> Reply:
    """An upload in parts, begun."""
    listed = [
        {"PartNumber": n, "URL": f"https://storage.test/{n}", "Headers": {"x-part": str(n)}}
        for n in range(count, 0, -1)
    ]
    return reply(200, {"upload_id": "u-1", "file_id": "file-1", "parts": listed, **fields})


def big(**options: Any) -> Flow[FileObject]:
    return flow(io.BytesIO(DATA), purpose="fine-tune", **options)


def tag(number: int) -> Reply:
    return reply(200, etag=f'"e{number}"')


HELD = reply(200, {"file": {"id": "file-1", "bytes": 100}})
COMPLETE, ABORT = "POST /files/multipart/complete", "POST /files/multipart/abort"
INITIATE = "POST /files/multipart/initiate"


@pytest.mark.usefixtures("small")
def test_a_large_file_goes_in_parts() -> None:
    """Each to its own place with its own headers, at most four at a time, and joined by number and tag."""
    received: list[bytes] = []
    trace = Whole(parts(), *[sent(tag(n), received) for n in (1, 2, 3, 4)], HELD)
    assert FileObject(id="file-1", bytes=100) == trace.run(big())
    assert [DATA[:30], DATA[30:60], DATA[60:90], DATA[90:]] == received
    puts = [effect for effect in trace.effects if isinstance(effect, Put)]
    assert [(f"https://storage.test/{n}", {"x-part": str(n)}) for n in (1, 2, 3, 4)] == [
        (put.url, put.headers) for put in puts
    ]
    calls = [effect.json for effect in trace.effects if isinstance(effect, Call)]
    assert (100, 4) == (calls[0]["file_size"], calls[0]["num_parts"])  # type: ignore[index]  # bodies, all
    assert {
        "upload_id": "u-1",
        "file_id": "file-1",
        "parts": [{"part_number": n, "etag": f'"e{n}"'} for n in (1, 2, 3, 4)],
    } == calls[1]
    assert trace.parallel is not None
    assert 4 == trace.parallel.limit


@pytest.mark.usefixtures("small")
def test_no_file_has_more_parts_than_the_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts grow with the file."""
    monkeypatch.setattr(_upload, "MAX_PARTS", 3)
    received: list[bytes] = []
    Whole(parts(3), *[sent(tag(n), received) for n in (1, 2, 3)], HELD).run(big())
    assert [34, 34, 32] == [len(body) for body in received]


@pytest.mark.usefixtures("small")
def test_a_small_file_goes_in_one() -> None:
    """Up to the limit, which is part of it."""
    trace = Trace(STARTED, sent(reply(200)), reply(200, {"id": "file-1", "bytes": 50}))
    trace.run(flow(io.BytesIO(DATA[:50]), purpose="fine-tune"))
    assert "POST /files" == trace.calls[0]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [0, 3, 5])
def test_other_parts_than_asked_for_end_the_upload(count: int) -> None:
    """Nothing is sent, and the upload is taken back."""
    trace = Whole(parts(count), reply(204))
    with pytest.raises(UploadError, match=rf"URLs for {count} parts of a\.jsonl where 4 were asked for; nothing was"):
        trace.run(big())
    assert [INITIATE, ABORT] == trace.calls


@pytest.mark.usefixtures("small")
def test_a_part_is_repeated_alone() -> None:
    """What the other parts have sent stays."""
    received: list[bytes] = []
    answers = [sent(tag(1), received), RESET, sent(tag(2), received), sent(tag(3), received), sent(tag(4), received)]
    Whole(parts(), *answers, HELD).run(big())
    assert DATA == b"".join(received)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("answer", "error"), [(reply(200), UploadError), (reply(411), APIStatusError), (reply(302), APIStatusError)]
)
def test_a_part_that_fails_ends_the_upload(answer: Reply, error: type[Exception]) -> None:
    """It is taken back, and the first error is the one that is told."""
    trace = Whole(parts(), sent(answer), reply(500), reply(500), reply(500), reply(500), reply(500))
    with pytest.raises(error):
        trace.run(big())
    assert [INITIATE, *[ABORT] * 5] == trace.calls


@pytest.mark.usefixtures("small")
def test_a_refused_part_begins_anew() -> None:
    """Another upload with fresh URLs, after the first was taken back."""
    trace = Whole(parts(), sent(reply(403)), reply(200), parts(), *[sent(tag(n)) for n in (1, 2, 3, 4)], HELD)
    assert "file-1" == trace.run(big()).id
    assert [INITIATE, ABORT, INITIATE, COMPLETE] == trace.calls
    with pytest.raises(PermissionDeniedError):
        Whole(parts(), sent(reply(403)), reply(200)).run(big(settings=ONE_TRY))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_completion_that_is_met_again_is_done(status: int) -> None:
    """After a lost answer the file itself tells whether it is whole."""
    sends = [sent(tag(n)) for n in (1, 2, 3, 4)]
    trace = Whole(parts(), *sends, RESET, reply(status), reply(200, {"id": "file-1", "bytes": 100}))
    assert "file-1" == trace.run(big()).id
    assert [INITIATE, COMPLETE, COMPLETE, "GET /files/file-1"] == trace.calls


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("held", [{"bytes": 99}, {}, {"bytes": 100, "Processed": False}])
def test_a_completion_that_did_nothing_is_an_error(held: dict[str, Any]) -> None:
    """A file that is not whole was not completed; the upload is taken back."""
    sends = [sent(tag(n)) for n in (1, 2, 3, 4)]
    trace = Whole(parts(), *sends, RESET, reply(400, {"error": "no"}), reply(200, {"id": "file-1", **held}), reply(200))
    with pytest.raises(BadRequestError):
        trace.run(big())
    assert ABORT == trace.calls[-1]
    with pytest.raises(NotFoundError):
        Whole(parts(), *sends, reply(404), reply(200)).run(big())


@pytest.mark.usefixtures("small")
def test_a_large_file_that_changes_is_not_completed(tmp_path: Path) -> None:
    """What was sent is neither the old file nor the new one."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(DATA)

    def storage(put: Put) -> Reply:
        answer = sent(tag(4))(put)
        path.write_bytes(DATA * 2)
        return answer

    trace = Whole(parts(), *[sent(tag(n)) for n in (1, 2, 3)], storage, reply(200))
    with pytest.raises(UploadError, match="changed while it was sent"):
        trace.run(flow(path, purpose="fine-tune"))
    assert [INITIATE, ABORT] == trace.calls


@pytest.mark.usefixtures("small")
def test_a_large_file_of_another_size_at_the_service_is_an_error() -> None:
    """The same rule as for a small one."""
    with pytest.raises(UploadError, match="holds 99 bytes"):
        Whole(parts(), *[sent(tag(n)) for n in (1, 2, 3, 4)], reply(200, {"id": "file-1", "bytes": 99})).run(big())


@pytest.mark.usefixtures("small")
def test_an_upload_that_cannot_begin_is_an_error() -> None:
    """There is nothing to take back."""
    trace = Whole(reply(200, {}))
    with pytest.raises(APIResponseValidationError):
        trace.run(big())
    assert [INITIATE] == trace.calls
