"""The two drivers, over real loopback sockets: each claim holds for both colours."""

from __future__ import annotations

import gzip
import io
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import anyio
import anyio.lowlevel
import httpx
import pytest
from attrs import define, field, frozen

from flows import SETTINGS
from together_batches import ConfigurationError, DownloadError, UploadError
from together_batches._effects import (
    Call,
    Effect,
    Failure,
    Fetch,
    Fetched,
    Flow,
    Instant,
    Notify,
    Now,
    Parallel,
    Put,
    Reply,
    Sleep,
    Work,
)
from together_batches._files import retrieve_content
from together_batches._flow import UNWANTED_BYTES, Api, Blocking, SystemClock
from together_batches._flow_async import Async
from together_batches._operation import perform
from together_batches._sink import Spool
from together_batches._source import Meter, Slice, open_source
from together_batches._transport._asyncio import AsyncioConnections
from together_batches._transport._httpx import AsyncHttpx, Httpx
from together_batches._transport._sockets import Sockets
from together_batches._wire import batches

DATA = bytes(range(256)) * 4000
LINGER = 20.0
"""Seconds after which a server that waits for a test gives up; no test takes so long."""


class StillClock:
    """Time that passes by sleeping only, always as long as it may."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step = 0.0

    def now(self) -> Instant:
        self.seconds += self.step
        return Instant(self.seconds, 1_790_000_000.0 + self.seconds)

    def between(self, at_least: float, at_most: float) -> float:
        return at_most

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    async def asleep(self, seconds: float) -> None:
        self.seconds += seconds
        await anyio.lowlevel.checkpoint()


@frozen
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """Keeps each request and lets a function answer it."""

    protocol_version = "HTTP/1.1"
    owner: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.owner.requests.append(Received(self.command, self.path, headers, body))
        self.owner.respond(self)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def say(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # the client may be gone by now
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@define
class Server:
    """An HTTP server on loopback."""

    respond: Callable[[Handler], None] = field(default=lambda handler: handler.say())
    requests: list[Received] = field(factory=list)
    origin: str = ""

    @property
    def api(self) -> Api:
        return Api(f"{self.origin}/v1", "secret-key", "tests/1")


def started() -> Iterator[Server]:
    server = Server()
    handler = type("OwnHandler", (Handler,), {"owner": server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        server.origin = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        http.shutdown()
        thread.join()


@pytest.fixture
def api() -> Iterator[Server]:
    """The API's origin."""
    yield from started()


@pytest.fixture
def storage() -> Iterator[Server]:
    """Another origin: the same host, another port."""
    yield from started()


class Run(Protocol):
    colour: str
    clock: StillClock

    def __call__(self, flow: Flow[Any], api: Api, **client: Any) -> Any: ...


@define
class Colour:
    """Drives a flow in one colour, over connections of our own or an httpx client made of the options given."""

    colour: str
    over_httpx: bool = False
    clock: StillClock = field(factory=StillClock)

    def __call__(self, flow: Flow[Any], api: Api, **client: Any) -> Any:
        client = {"trust_env": False, "verify": False, **client}
        if self.colour == "blocking":
            transport = Httpx(httpx.Client(**client)) if self.over_httpx else Sockets()
            with closing(transport):
                return Blocking(transport, api, self.clock).run(flow)

        async def main() -> Any:
            transport = AsyncHttpx(httpx.AsyncClient(**client)) if self.over_httpx else AsyncioConnections()
            try:
                return await Async(transport, api, self.clock).run(flow)
            finally:
                await transport.close()

        return anyio.run(main)


@pytest.fixture(params=["blocking", "async", "blocking over httpx", "async over httpx"])
def run(request: pytest.FixtureRequest) -> Run:
    """Both drivers, over both transports."""
    colour, _, httpx = request.param.partition(" over ")
    return Colour(colour, bool(httpx))


@pytest.fixture(params=["blocking", "async"])
def run_over_httpx(request: pytest.FixtureRequest) -> Run:
    """Both drivers, over httpx."""
    return Colour(request.param, over_httpx=True)


def one(effect: Effect) -> Flow[Any]:
    """A flow of one effect."""
    return (yield effect)


def each(*effects: Effect) -> Flow[list[Any]]:
    outcomes = []
    for effect in effects:
        outcomes.append((yield effect))
    return outcomes


def body(data: bytes = DATA) -> Slice:
    with open_source(io.BytesIO(data), "a.jsonl") as source:
        return Slice(source, 0, source.size, Meter(source.size, None))


def fetch(target: str, sink: Spool, begin: Callable[[Reply], bool] = lambda head: True, **headers: str) -> Fetch:
    return Fetch(target, sink, begin, 60.0, headers)


def test_a_call_carries_the_key_and_its_body(run: Run, api: Server) -> None:
    """The JSON, the form, or nothing; who we are, and what we want."""
    api.respond = lambda handler: handler.say(201, b'{"ok": 1}', X_Request_Id="r-1")
    calls = [
        Call("POST", "/batches", 60.0, json={"a": "ü", "n": 1}),
        Call("POST", "/files", 60.0, form={"file_name": "a b&c.jsonl", "x": 1}),
        Call("GET", "/files/a%2Fb%3Fc", 60.0),
    ]
    replies = run(each(*calls), api.api)
    assert [(201, b'{"ok": 1}', "r-1")] * 3 == [(reply.status, reply.body, reply.request_id) for reply in replies]
    assert [
        ("POST", "/v1/batches", "application/json", '{"a":"ü","n":1}'.encode()),
        ("POST", "/v1/files", "application/x-www-form-urlencoded", b"file_name=a+b%26c.jsonl&x=1"),
        ("GET", "/v1/files/a%2Fb%3Fc", None, b""),
    ] == [(got.method, got.path, got.headers.get("content-type"), got.body) for got in api.requests]
    for got in api.requests:
        assert {
            "authorization": "Bearer secret-key",
            "user-agent": "tests/1",
            "accept": "application/json",
        }.items() <= (got.headers.items())


@pytest.mark.parametrize("id", ["../batches/x", "a/b", "ü", "a b?c#d", "..%2f", "a\\b", "%2e"])
def test_an_id_stays_one_segment_on_the_wire(run: Run, api: Server, id: str) -> None:
    """No layer below puts together what was kept apart."""
    run(one(batches.get_batch(id).call(SETTINGS)), api.api)
    segments = api.requests[0].path.split("/")
    assert ["", "v1", "batches", id] == [unquote(segment) for segment in segments]


def test_bytes_go_to_storage_without_the_key(run: Run, storage: Server, api: Server) -> None:
    """As they are, with their length, and with the headers that storage asks for alone."""
    reply = run(one(Put(f"{storage.origin}/x?sig=a%20b", body(), 60.0, {"x-amz-part": "1"})), api.api)
    (got,) = storage.requests
    assert (200, "PUT", "/x?sig=a%20b", DATA) == (reply.status, got.method, got.path, got.body)
    frame = {"host": storage.origin.removeprefix("http://"), "content-length": str(len(DATA))}
    assert {**frame, "x-amz-part": "1", "user-agent": "tests/1"} == got.headers
    assert [] == api.requests


def test_content_is_fetched_as_it_is(run: Run, api: Server, storage: Server) -> None:
    """From the API with the key, from anywhere else without, and never compressed."""
    api.respond = storage.respond = lambda handler: handler.say(200, DATA)
    for target, server, key in (
        ("/files/f/content", api, "Bearer secret-key"),
        (f"{storage.origin}/x?sig=1", storage, None),
    ):
        with closing(Spool()) as sink:
            outcome = run(one(fetch(target, sink, Range="bytes=5-")), api.api)
            assert (200, None, DATA) == (outcome.head.status, outcome.failure, sink.start(len(DATA) + 1))
        (got,) = server.requests
        assert (key, "identity", "bytes=5-", "tests/1") == tuple(
            got.headers.get(name) for name in ("authorization", "accept-encoding", "range", "user-agent")
        )


def test_nothing_of_the_client_joins_a_request(
    run: Run, api: Server, storage: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No default header, parameter, cookie, user name or netrc entry, be they the client's or set by a reply."""
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    api.respond = storage.respond = lambda handler: handler.say(200, b"{}", Set_Cookie="theirs=1; Path=/")
    with closing(Spool()) as sink:
        effects = [
            Call("GET", "/batches", 60.0),
            Call("GET", "/batches", 60.0),
            Put(f"{storage.origin}/x", body(b"x"), 60.0),
            fetch(f"{storage.origin}/y", sink),
        ]
        options = {"headers": {"x-mine": "1"}, "params": {"q": "1"}, "cookies": {"mine": "1"}, "auth": ("me", "word")}
        run(each(*effects), api.api, **options, trust_env=True)
    assert ["Bearer secret-key"] * 2 + [None] * 2 == [
        got.headers.get("authorization") for got in api.requests + storage.requests
    ]
    for got in api.requests + storage.requests:
        assert {"cookie", "x-mine", "proxy-authorization"} & got.headers.keys() == set()
        assert "?" not in got.path


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(run: Run, api: Server, storage: Server, status: int) -> None:
    """Where to go next is for the flow to say, even where the client would follow."""
    api.respond = lambda handler: handler.say(status, b"", Location=f"{storage.origin}/x")
    reply = run(one(Call("POST", "/files", 60.0)), api.api, follow_redirects=True)
    assert (status, f"{storage.origin}/x", []) == (reply.status, reply.headers["location"], storage.requests)


FAILURES = [
    (httpx.ConnectError("refused"), Failure("refused", sent=False)),
    (httpx.ConnectTimeout("slow"), Failure("slow", sent=False, timed_out=True)),
    (httpx.PoolTimeout("full"), Failure("full", sent=False, timed_out=True)),
    (httpx.ProxyError("proxy"), Failure("proxy", sent=False)),
    (httpx.UnsupportedProtocol("gopher"), Failure("gopher", sent=False)),
    (httpx.LocalProtocolError("header"), Failure("header", sent=False)),
    (httpx.InvalidURL("url"), Failure("url", sent=False)),
    (httpx.ReadTimeout("slow"), Failure("slow", sent=True, timed_out=True)),
    (httpx.WriteTimeout(""), Failure("WriteTimeout", sent=True, timed_out=True)),
    (httpx.ReadError("reset"), Failure("reset", sent=True)),
    (httpx.WriteError("reset"), Failure("reset", sent=True)),
    (httpx.RemoteProtocolError("cut"), Failure("cut", sent=True)),
    (httpx.DecodingError("gzip"), Failure("gzip", sent=True)),
]


@pytest.mark.parametrize(("error", "expected"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_of_httpx_says_whether_anything_was_sent(
    run_over_httpx: Run, api: Server, error: Exception, expected: Failure
) -> None:
    """Only where no byte can have arrived is it False; the cause is kept."""

    def fails(request: httpx.Request) -> httpx.Response:
        raise error

    with closing(Spool()) as sink:
        for effect in (Call("GET", "/x", 60.0), Put("http://127.0.0.1/x", body(b"x"), 60.0), fetch("/x", sink)):
            failure = run_over_httpx(one(effect), api.api, transport=httpx.MockTransport(fails))
            assert expected == failure
            assert error is failure.cause


def test_a_port_that_nobody_listens_at_sees_nothing(run: Run) -> None:
    """A refused connection is a failure before anything was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        api = Api(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "k", "tests/1")
        failure = run(one(Call("POST", "/batches", 60.0, json={})), api)
    assert (False, False) == (failure.sent, failure.timed_out)


def test_an_answer_that_does_not_come_leaves_it_open(run: Run, api: Server) -> None:
    """A connection that ends after the request may have done its work."""
    api.respond = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    failure = run(one(Call("POST", "/batches", 60.0, json={})), api.api)
    assert (True, False, 1) == (failure.sent, failure.timed_out, len(api.requests))


def test_an_answer_that_is_cut_is_none(run: Run, api: Server) -> None:
    """A reply to a call is whole or a failure."""
    api.respond = lambda handler: handler.say(200, b"{", Content_Length="50", Connection="close")
    failure = run(one(Call("GET", "/batches", 60.0)), api.api)
    assert isinstance(failure, Failure)
    assert failure.sent


def test_an_answer_that_never_ends_is_given_up(run: Run, api: Server) -> None:
    """A trickle that keeps within the silence is bounded as a whole, to five times the timeout."""
    api.respond = lambda handler: handler.say(200, b"{}")
    run.clock.step = 301.0
    failure = run(one(Call("GET", "/batches", 60.0)), api.api)
    assert ("the answer was not complete after 300 s", True, True) == (failure.reason, failure.sent, failure.timed_out)


def test_a_cut_download_keeps_what_came(run: Run, api: Server) -> None:
    """The head, the failure, and the bytes up to it."""
    api.respond = lambda handler: handler.say(200, DATA[:5000], Content_Length="9000", Connection="close")
    with closing(Spool()) as sink:
        outcome = run(one(fetch("/x", sink)), api.api)
        assert (200, DATA[:5000]) == (outcome.head.status, sink.start(9000))
        assert isinstance(outcome, Fetched)
        assert outcome.failure is not None
        assert outcome.failure.sent


def test_a_download_that_was_compressed_unasked_is_decoded(run: Run, api: Server) -> None:
    """What arrives is the content."""
    api.respond = lambda handler: handler.say(200, gzip.compress(DATA), Content_Encoding="gzip")
    with closing(Spool()) as sink:
        run(one(fetch("/x", sink)), api.api)
        assert DATA == sink.start(len(DATA) + 1)


def test_a_body_that_is_not_wanted_is_not_read_whole(run: Run, api: Server) -> None:
    """The first 64 KiB come back in the reply, whatever is announced; the sink stays empty."""
    for size in (10, UNWANTED_BYTES, len(DATA)):
        api.respond = lambda handler, size=size: handler.say(404, DATA[:size])  # type: ignore[misc]  # bound here
        with closing(Spool()) as sink:
            outcome = run(one(fetch("/x", sink, lambda head: False)), api.api)
            assert (404, DATA[: min(size, UNWANTED_BYTES)], 0) == (outcome.head.status, outcome.head.body, sink.size)


def test_a_sink_that_is_full_ends_the_download(run: Run, api: Server) -> None:
    """The error is that of the sink."""
    api.respond = lambda handler: handler.say(200, b"x" * 5000)
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(DownloadError, match="make room"):
        run(one(fetch("/x", Spool(full))), api.api)


def test_a_file_that_is_cut_while_it_is_sent_is_an_upload_error(run: Run, storage: Server) -> None:
    """The error is that of the source, not of the network."""
    memory = io.BytesIO(DATA)
    with open_source(memory, "a.jsonl") as source:
        memory.truncate(100)
        with pytest.raises(UploadError, match="became shorter"):
            run(one(Put(f"{storage.origin}/x", Slice(source, 0, len(DATA), Meter(0, None)), 60.0)), storage.api)


def test_time_is_that_of_the_clock(run: Run, api: Server) -> None:
    """A pause moves it, within its bounds, and `Now` reads it."""
    before, _, after = run(each(Now(), Sleep(1.0, 3.0), Now()), api.api)
    assert 3.0 == after.monotonic - before.monotonic == after.unix - before.unix


def test_a_callback_is_called(run: Run, api: Server) -> None:
    """With its value; what it raises is raised where it was asked for."""
    told: list[int] = []

    def flow() -> Flow[str]:
        yield Notify(told.append, 5)
        try:
            yield Notify(lambda value: 1 // 0, 5)
        except ZeroDivisionError:
            return "caught"
        return "not raised"

    assert ("caught", [5]) == (run(flow(), api.api), told)


def test_work_is_done_and_its_error_raised(run: Run, api: Server) -> None:
    """Blocking in the same thread, async in another, so that other tasks go on."""
    where, here = run(one(Work(threading.get_ident)), api.api), threading.get_ident()
    assert (run.colour == "blocking") == (where == here)
    with pytest.raises(ZeroDivisionError):
        run(one(Work(lambda: 1 // 0)), api.api)


@pytest.mark.anyio
async def test_an_async_callback_is_awaited(api: Server) -> None:
    """Before the flow goes on."""
    told: list[int] = []

    async def callback(value: int) -> str:
        await anyio.lowlevel.checkpoint()
        told.append(value)
        return "done"

    driver = Async(AsyncioConnections(), api.api, StillClock())
    assert ("done", [5]) == (await driver.run(one(Notify(callback, 5))), told)


def test_flows_run_side_by_side_up_to_the_limit(run: Run, api: Server) -> None:
    """As many as the limit at once, never more, and the results in order."""
    lock, pairs = threading.Lock(), threading.Barrier(3)
    now, most = 0, 0

    def respond(handler: Handler) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        pairs.wait(LINGER)
        with lock:
            now -= 1
        pairs.wait(LINGER)
        handler.say(200, handler.path.encode())

    api.respond = respond
    flows = [one(Call("GET", f"/{n}", 60.0)) for n in range(9)]
    replies = run(one(Parallel(flows, 3, lambda: None)), api.api)
    assert [f"/v1/{n}".encode() for n in range(9)] == [reply.body for reply in replies]
    assert 3 == most


def test_the_first_error_stops_the_others(run: Run, api: Server) -> None:
    """It is raised where the flows were asked for, what has not begun sees `stop`, and every flow is closed."""
    stopped = threading.Event()

    def respond(handler: Handler) -> None:
        if not handler.path.endswith("/0"):
            stopped.wait(LINGER)
        handler.say()

    api.respond = respond

    def part(number: int) -> Flow[None]:
        if stopped.is_set():
            raise UploadError("stopped")
        yield Call("GET", f"/{number}", 60.0)
        raise KeyError(number)

    def flow() -> Flow[str]:
        flows = [part(n) for n in range(5)]
        try:
            yield Parallel(flows, 1, stopped.set)
        except KeyError as error:
            assert all(part.gi_frame is None for part in flows)  # type: ignore[attr-defined]  # generators
            return f"raised by {error.args[0]}"
        return "not raised"

    assert "raised by 0" == run(flow(), api.api)
    assert len(api.requests) <= 2


def test_a_part_that_is_being_sent_stops_when_another_fails(api: Server, storage: Server) -> None:
    """A thread cannot be cancelled, so it stops by itself before its next chunk."""
    began, failed = threading.Event(), threading.Event()
    meter = Meter(0, None)

    class Halting(io.BytesIO):
        """Gives all but the first of its chunks when the other part has failed."""

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                began.set()
                failed.wait(LINGER)
            return super().read(size)

    def stop() -> None:
        meter.stop()
        failed.set()

    def fails() -> Flow[None]:
        yield Work(lambda: began.wait(LINGER))
        raise KeyError

    with open_source(Halting(DATA * 4), "a.jsonl") as source:
        sends = one(Put(f"{storage.origin}/x", Slice(source, 0, source.size, meter), 60.0))
        with pytest.raises(KeyError):
            Colour("blocking")(one(Parallel([sends, fails()], 2, stop)), api.api)
    assert all(len(got.body) < len(DATA) * 4 for got in storage.requests)


TRANSPORTS = [Sockets, lambda: Httpx(httpx.Client())]
ASYNC_TRANSPORTS = [AsyncioConnections, lambda: AsyncHttpx(httpx.AsyncClient())]


@pytest.mark.parametrize(
    ("transport", "async_transport"), list(zip(TRANSPORTS, ASYNC_TRANSPORTS, strict=True)), ids=["ours", "httpx"]
)
def test_a_closed_client_says_so(transport: Callable[[], Any], async_transport: Callable[[], Any], api: Server) -> None:
    """For every effect that needs it."""

    async def main(effect: Effect) -> None:
        closed = async_transport()
        await closed.close()
        await Async(closed, api.api, StillClock()).run(one(effect))

    with closing(Spool()) as sink:
        for effect in (Call("GET", "/x", 60.0), fetch("/x", sink)):
            closed = transport()
            closed.close()
            with pytest.raises(ConfigurationError, match="this client is closed"):
                Blocking(closed, api.api, StillClock()).run(one(effect))
            with pytest.raises(ConfigurationError, match="this client is closed"):
                anyio.run(main, effect)


def test_an_error_that_httpx_does_not_raise_by_itself_stays_what_it_is(run_over_httpx: Run, api: Server) -> None:
    """Where it has no type for a closed client, not every error of that type is one."""

    def fails(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("other")

    with pytest.raises(RuntimeError, match="other"):
        run_over_httpx(one(Call("GET", "/x", 60.0)), api.api, transport=httpx.MockTransport(fails))


def test_an_interrupt_closes_the_flow_and_leaves_no_file(run: Run, api: Server, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a download leaves the folder as it was."""
    described = json.dumps({"id": "f", "bytes": len(DATA)}).encode()
    api.respond = lambda handler: handler.say(200, DATA if handler.path.endswith("content") else described)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(retrieve_content("f", tmp_path / "out", interrupt, SETTINGS), api.api)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_cancellation_closes_the_flow_and_leaves_no_file(api: Server, tmp_path: Path) -> None:
    """In the middle of a body that does not come, with parts of it here already."""
    described = json.dumps({"id": "f", "bytes": len(DATA)}).encode()
    over = threading.Event()

    def respond(handler: Handler) -> None:
        if handler.path.endswith("content"):
            handler.say(200, DATA[:5000], Content_Length=str(len(DATA)))
            over.wait(LINGER)
        else:
            handler.say(200, described)

    api.respond = respond
    try:
        flow = retrieve_content("f", tmp_path / "out", lambda done, total: scope.cancel(), SETTINGS)
        with anyio.CancelScope() as scope:
            await Async(AsyncioConnections(), api.api, StillClock()).run(flow)
        assert scope.cancelled_caught
        assert flow.gi_frame is None  # type: ignore[attr-defined]  # a generator
    finally:
        over.set()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_cancellation_closes_flows_that_run_side_by_side(api: Server) -> None:
    """Those that have begun and those that have not."""
    over, began = threading.Event(), threading.Event()

    def respond(handler: Handler) -> None:
        began.set()
        over.wait(LINGER)
        handler.say()

    api.respond = respond
    flows = [one(Call("GET", f"/{n}", 60.0)) for n in range(3)]
    try:
        async with anyio.create_task_group() as tasks:
            driver = Async(AsyncioConnections(), api.api, StillClock())
            tasks.start_soon(driver.run, one(Parallel(flows, 1, lambda: None)))
            await anyio.to_thread.run_sync(began.wait, LINGER)
            tasks.cancel_scope.cancel()
    finally:
        over.set()
    assert all(flow.gi_frame is None for flow in flows)  # type: ignore[attr-defined]  # generators


def test_no_log_shows_a_key_or_a_presigned_address(
    run: Run, api: Server, storage: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """At any level, of any library below."""
    caplog.set_level(logging.DEBUG)
    api.respond = lambda handler: handler.say(302, b"", Location=f"{storage.origin}/x?sig=hidden")
    with closing(Spool()) as sink:
        put = Put(f"{storage.origin}/x?sig=hidden", body(b"x"), 60.0)
        run(each(Call("POST", "/files", 60.0), put, fetch(f"{storage.origin}/x?sig=hidden", sink)), api.api)
    assert caplog.records
    assert "secret-key" not in caplog.text
    assert "hidden" not in caplog.text


def test_the_key_stands_in_no_repr(api: Server) -> None:
    """Of what a request is built from."""
    assert "secret" not in repr(api.api)


@pytest.mark.anyio
async def test_the_real_clock_is_the_systems() -> None:
    """Two clocks that go on, pauses that end, and chance within its bounds."""
    clock = SystemClock()
    first = clock.now()
    clock.sleep(0)
    await clock.asleep(0)
    second = clock.now()
    assert (True, True) == (first.monotonic <= second.monotonic, first.unix > 1_700_000_000)
    assert all(1.0 <= clock.between(1.0, 2.0) <= 2.0 for _ in range(100))


def test_a_repeat_is_logged_with_its_pause(run: Run, api: Server, caplog: pytest.LogCaptureFixture) -> None:
    """What failed, and the seconds that chance chose."""
    caplog.set_level(logging.INFO, "together_batches")
    answers = iter([503, 200])
    api.respond = lambda handler: handler.say(next(answers), b"[]")
    assert [] == run(perform(batches.list_batches(), SETTINGS), api.api)
    (message,) = [record.getMessage() for record in caplog.records if record.name == "together_batches"]
    assert "batches.list_batches" in message
    assert "503" in message
    assert message.endswith("; trying again in 0.50 s")
