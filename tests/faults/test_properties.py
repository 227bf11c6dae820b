"""Whatever is cut, fails for a while or is answered: no lie, and no exception of another library."""

from __future__ import annotations

import json
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faults import acts
from faults.case import Act, Case, judge
from faults.families import LOST, NO_EFFECT
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.message import Reply
from faults.server import FaultServer
from faults.stage import COLOURS, OLD, Hangs, Stage, play, small_parts, temporary_files_in
from together_batches import TogetherError

many = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
some = settings(many, max_examples=60)

colours = st.sampled_from(COLOURS)
ends = st.sampled_from([End.RESET, End.FIN, End.CLOSE])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "id",
    "job",
    "error",
    "message",
    "data",
    "bytes",
    "status",
    "created_at",
    "progress",
    "input_file_id",
    "endpoint",
    "file",
    "file_id",
    "upload_id",
    "parts",
    "PartNumber",
    "URL",
    "Headers",
    "output_file_id",
    "completed_at",
    "deleted",
    "checksum",
)
documents = st.recursive(
    values,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=8,
)
# Each act with its routes.
ROUTES: tuple[tuple[Act, str], ...] = (
    (acts.CREATE, "create_batch"),
    (acts.GET, "get_batch"),
    (acts.LIST, "list_batches"),
    (acts.CANCEL, "cancel_batch"),
    (acts.DELETE, "delete_file"),
    (acts.RETRIEVE, "get_file"),
    (acts.LIST_FILES, "list_files"),
    (acts.UPLOAD, "start_upload"),
    (acts.UPLOAD, "put"),
    (acts.UPLOAD, "preprocess"),
    (acts.UPLOAD_PARTS, "initiate"),
    (acts.UPLOAD_PARTS, "put_part:2"),
    (acts.UPLOAD_PARTS, "complete"),
    (acts.DOWNLOAD, "get_file"),
    (acts.DOWNLOAD, "content"),
    (acts.RESULTS, "content"),
    (acts.COLLECT, "content"),
)
places = st.sampled_from(ROUTES)
NAMED = (
    "Retry-After",
    "retry-after-ms",
    "Date",
    "ETag",
    "Content-Range",
    "Location",
    "Content-Type",
    "X-Together-File-Id",
    "X-Request-Id",
    "Set-Cookie",
    "Accept-Ranges",
)
texts = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30
) | st.sampled_from(
    [
        "9" * 5000,
        "-1",
        "1e400",
        "nan",
        "bytes 0-0/0",
        "bytes */*",
        "http://[",
        "//",
        "\xff",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Thu, 01 Jan 1970 00:00:00 +2400",
    ]
)
HEADS = (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
passing = st.sampled_from([f for f in (*NO_EFFECT, *LOST) if "stall" not in f.name and "delayed" not in f.name])


def _judged(server: FaultServer, case: Case, colour: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert () == judge(server, case, colour, Path(folder) / "stage").problems


@many
@given(at=st.integers(0, 700), end=ends, colour=colours)
def test_a_create_cut_at_any_byte_makes_one_job(at: int, end: End, colour: str, server: FaultServer) -> None:
    """The job is found where its answer was cut."""
    case = Case(
        act=acts.CREATE, name="cut", script={"create_batch": [Fault.at_byte(end, at)]}, requests={"create_batch": 1}
    )
    _judged(server, case, colour)


@many
@given(at=st.integers(0, 7000), end=ends, framing=st.integers(0, 2), more=st.integers(0, 7000), colour=colours)
def test_a_download_cut_at_any_byte_is_whole(
    at: int, end: End, framing: int, more: int, colour: str, server: FaultServer
) -> None:
    """Twice cut, by whichever framing, it is whole in the end."""
    first, second = Fault.at_byte(end, at), Fault.at_byte(end, more)
    first = (first, first.chunked(), first.unframed())[framing]
    case = Case(act=acts.DOWNLOAD, name="cut", script={"content": [first, second]})
    _judged_used(server, case, colour)


def _judged_used(server: FaultServer, case: Case, colour: str) -> None:
    """As `_judged`, but a fault may be left: a cut behind the last byte is none."""
    with tempfile.TemporaryDirectory() as folder:
        verdict = judge(server, case, colour, Path(folder) / "stage")
        assert [] == [problem for problem in verdict.problems if not problem.startswith("faults that were not met")]


@many
@given(place=places, at=st.integers(0, 900), end=ends, colour=colours)
def test_any_reply_cut_at_any_byte_is_survived(
    place: tuple[Act, str], at: int, end: End, colour: str, server: FaultServer
) -> None:
    """One cut of one reply changes nothing of the outcome."""
    act, route = place
    _judged(server, Case(act=act, name="cut", script={route: [Fault.at_byte(end, at)]}), colour)


@many
@given(place=places, faults=st.lists(passing, min_size=1, max_size=4), colour=colours)
def test_any_order_of_passing_faults_is_survived(
    place: tuple[Act, str], faults: list[FaultValue], colour: str, server: FaultServer
) -> None:
    """As many as there are retries, in any order."""
    act, route = place
    _judged_used(server, Case(act=act, name="faults", script={route: faults}), colour)


@many
@given(
    place=places, document=documents, status=st.sampled_from([200, 201, 302, 400, 404, 409, 429, 500]), colour=colours
)
@example(place=ROUTES[1], document={"id": "x", "progress": 10**400}, status=200, colour="blocking")
@example(place=ROUTES[1], document={"id": "x", "created_at": "9999-99-99"}, status=200, colour="blocking")
@example(
    place=ROUTES[6],
    document={"data": [{"id": "x", "created_at": 10**30, "bytes": 10**400}]},
    status=200,
    colour="async",
)
def test_any_json_in_any_reply_is_a_value_or_an_error_of_ours(
    place: tuple[Act, str], document: Any, status: int, colour: str, server: FaultServer
) -> None:
    """Never another's exception, a second job, a wrong file or a hang."""
    try:
        fault = Fault.status(status, document) if status != 200 else Fault.body(json.dumps(document).encode(), "JSON")
    except ValueError:  # a number of more digits than Python writes
        digits = b'{"id": "x", "progress": 1' + b"0" * 400 + b"}"
        fault = Fault.body(digits, "JSON")
    _is_ours(server, place, fault, colour)


@some
@given(
    place=places,
    names=st.lists(st.sampled_from(NAMED), min_size=1, max_size=3, unique=True),
    text=texts,
    colour=colours,
    status=st.sampled_from([None, 206, 302, 429, 503]),
)
@example(place=ROUTES[14], names=["Content-Range"], text=f"bytes {'9' * 5000}-1/2", status=206, colour="blocking")
def test_any_header_is_a_value_or_an_error_of_ours(
    place: tuple[Act, str], names: list[str], text: str, status: int | None, colour: str, server: FaultServer
) -> None:
    """Never another's exception, a second job, a wrong file or a hang."""
    headers = dict.fromkeys(names, text.strip())
    fault = Fault.edited(
        "headers", lambda e: Reply(status or e.reply.status, e.reply.body, e.reply.headers).having(headers)
    )
    # A 429 says that nothing was done, and is taken at its word.
    fault = evolve(fault, processes=status != 429)
    _is_ours(server, place, fault, colour)


@some
@given(place=places, data=st.binary(max_size=60), head=st.sampled_from(HEADS), colour=colours)
def test_any_bytes_are_a_value_or_an_error_of_ours(
    place: tuple[Act, str], data: bytes, head: bytes, colour: str, server: FaultServer
) -> None:
    """Never another's exception, a second job, a wrong file or a hang."""
    _is_ours(server, place, Fault.garbage(head + data), colour)


@some
@given(lines=st.lists(st.binary(max_size=40) | documents.map(lambda d: json.dumps(d).encode()), max_size=6),
       act=st.sampled_from([acts.RESULTS, acts.COLLECT]), colour=colours)  # fmt: skip
def test_any_result_lines_are_rows(lines: list[bytes], act: Act, colour: str, server: FaultServer) -> None:
    """Whatever stands in the output file, each of its lines is told, and nothing but our errors is raised."""
    content = b"\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        server.reset()
        stage = Stage(server, Path(folder) / "stage")
        act.prepare(stage)
        job = server.world.jobs[stage.job_id]
        assert job.output_file_id is not None
        server.world.files[job.output_file_id].data = content
        value, error = _outcome(server, act, stage, colour)
        assert error is None or isinstance(error, TogetherError), repr(error)
        if act is acts.RESULTS and error is None:
            failed = 1  # the errors file has a row of its own
            assert len([line for line in content.split(b"\n") if line.strip()]) + failed == len(value)


def _is_ours(server: FaultServer, place: tuple[Act, str], fault: FaultValue, colour: str) -> None:
    act, route = place
    with tempfile.TemporaryDirectory() as folder:
        server.reset()
        stage = Stage(server, Path(folder) / "stage")
        act.prepare(stage)
        world, jobs_before = server.world, len(server.world.jobs)
        server.always(route, fault)
        _, error = _outcome(server, act, stage, colour)
        assert error is None or isinstance(error, TogetherError), repr(error)
        assert 0 == server.settle()
        assert [] == world.leaks()
        assert len(world.jobs) - jobs_before <= 1
        assert [] == list(stage.temporary.iterdir())
        if act is acts.DOWNLOAD:
            assert stage.target.read_bytes() == (OLD if error is not None else stage.data)


def _outcome(server: FaultServer, act: Act, stage: Stage, colour: str) -> tuple[Any, Exception | None]:
    try:
        with temporary_files_in(stage.temporary), small_parts() if act.small_parts else nullcontext():
            return play(colour, server, lambda client: act.call(client, stage)), None
    except Hangs:
        raise
    except Exception as error:
        return None, error


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
