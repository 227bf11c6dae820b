"""The key, presigned signatures, prompts and answers show up nowhere but where they are sent, or were asked for."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults import acts
from faults.case import Act
from faults.faults import End, Fault
from faults.server import FaultServer
from faults.stage import COLOURS, ENDPOINT, Stage, blocking_client, play, small_parts, temporary_files_in
from faults.storage import sign
from faults.world import KEY, SIGNATURE, echo
from together_batches import AuthenticationError, TogetherError

PROMPT, ANSWER = "canary-prompt-91c2", "canary-answer-77ab"
CANARIES = (KEY, SIGNATURE, PROMPT, ANSWER)


class Records(logging.Handler):
    """All that any logger says."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.name} {record.getMessage()} {record.__dict__}")


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """Every logger at DEBUG, asyncio's debugging included."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    names = [
        "",
        "httpx",
        "httpcore",
        "asyncio",
        "together_batches",
        *(f"httpcore.{n}" for n in ("connection", "http11", "proxy")),
    ]
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    handler = Records()
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield handler
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _answer(line: bytes) -> tuple[bytes, bytes]:
    good, bad = echo(line)
    return good.replace(b"echo ", ANSWER.encode()), bad


def _with_prompts(stage: Stage) -> None:
    acts.RUN.prepare(stage)
    row = {"custom_id": "r1", "body": {"model": "m", "messages": [{"role": "user", "content": PROMPT}]}}
    stage.data = json.dumps(row).encode() + b"\n"
    stage.source.write_bytes(stage.data)
    stage.server.world.behaviour.answer = _answer
    stage.server.world.behaviour.content_redirects = True


XML = f"<Error><Code>SignatureDoesNotMatch</Code><Url>{sign('/put/x')}</Url><Key>{KEY}</Key></Error>".encode()
FAULTS: dict[str, list[Any]] = {
    "start_upload": [Fault.status(503), Fault.reset_after_processing()],
    "put": [Fault.in_request(End.RESET), Fault.status(403, XML), Fault.status(500, XML)],
    "create_batch": [Fault.status(429, {"error": f"key {KEY}"}), Fault.no_answer(End.FIN)],
    "get_batch": [Fault.html(502)],
    "content": [Fault.status(500)],
    "blob": [Fault.cut_body(), Fault.status(503, XML), Fault.in_head(End.RESET)],
}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_run_through_faults_logs_no_secret(
    colour: str, server: FaultServer, records: Records, tmp_path: Path
) -> None:
    """At DEBUG, of all loggers, no record holds a canary; and no file but the one asked for holds an answer."""
    stage = Stage(server, tmp_path / "stage")
    _with_prompts(stage)
    server.scripts(FAULTS)
    with temporary_files_in(stage.temporary):
        play(colour, server, lambda client: acts.RUN.call(client, stage))
    assert ANSWER in stage.target.read_text()
    assert {} == server.unused()
    assert len(records.texts) > 25
    assert "together_batches" in {text.split()[0] for text in records.texts}
    assert [] == [text for text in records.texts if any(canary in text for canary in CANARIES)]
    assert [] == list(stage.temporary.iterdir())
    assert [stage.target, stage.source] == sorted(stage.folder.iterdir())
    assert [] == server.world.leaks()


ECHOES: tuple[tuple[Act, str, Any], ...] = (
    (acts.GET, "get_batch", Fault.status(401, {"error": f"bad key {KEY}"})),
    (acts.GET, "get_batch", Fault.status(400, {"error": {"message": KEY, "param": KEY, KEY: [KEY]}})),
    (acts.GET, "get_batch", Fault.body(f"not JSON {KEY}".encode())),
    (acts.GET, "get_batch", Fault.body(json.dumps({"key": KEY}).encode())),
    (acts.GET, "get_batch", Fault.status(500, KEY.encode())),
    (acts.LIST, "list_batches", Fault.body(json.dumps([{"key": KEY}]).encode())),
    (acts.CREATE, "create_batch", Fault.status(400, {"error": f"key {KEY}"})),
    (acts.CREATE, "create_batch", Fault.status(201, {"job": KEY})),
    (acts.UPLOAD, "start_upload", Fault.without("X-Together-File-Id")),
    (acts.UPLOAD, "start_upload", Fault.status(200, {"Location": sign("/put/x")})),
    (acts.UPLOAD, "start_upload", Fault.redirect("dead", 302, sign("/put/x"))),
    (acts.UPLOAD, "start_upload", Fault.status(302, b"", Location=f"http://[{sign('/x')}", X_Together_File_Id="f")),
    (acts.UPLOAD, "put", Fault.status(403, XML)),
    (acts.UPLOAD, "put", Fault.status(422, XML)),
    (acts.UPLOAD, "put", Fault.before_processing(End.RESET)),
    (acts.UPLOAD, "put", Fault.redirect("foreign", 307)),
    (acts.UPLOAD, "connect:storage", Fault.refuse()),
    (acts.UPLOAD_PARTS, "initiate", Fault.json("no ids", lambda made: {**made, "upload_id": None})),
    (
        acts.UPLOAD_PARTS,
        "initiate",
        Fault.json("no numbers", lambda made: {**made, "parts": [{"URL": p["URL"]} for p in made["parts"]]}),
    ),
    (acts.UPLOAD_PARTS, "initiate", Fault.json("fewer", lambda made: {**made, "parts": made["parts"][1:]})),
    (acts.UPLOAD_PARTS, "put_part:2", Fault.status(400, XML)),
    (acts.DOWNLOAD, "content", Fault.status(302, b"", Location=f"ftp://a{sign('/x')}")),
    (acts.DOWNLOAD, "content", Fault.status(302, b"", Location=f"http://[{sign('/x')}")),
    (acts.DOWNLOAD, "content", Fault.redirect("dead")),
    (acts.DOWNLOAD, "content", Fault.cut_body(0)),
    (acts.DOWNLOAD, "content", Fault.status(200, {"error": f"{KEY} {sign('/x')}"})),
)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("act", "route", "fault"), ECHOES, ids=[f"{a.name}, {r} {f}"[:70] + f" {n}" for n, (a, r, f) in enumerate(ECHOES)]
)
def test_an_error_shows_no_secret(
    act: Act, route: str, fault: Any, colour: str, server: FaultServer, records: Records, tmp_path: Path
) -> None:
    """Not in its text, its repr, its attributes, its causes or its traceback, even where the service says it back."""
    stage = Stage(server, tmp_path / "stage")
    act.prepare(stage)
    server.always(route, fault)
    with (
        small_parts() if act.small_parts else temporary_files_in(stage.temporary),
        pytest.raises(TogetherError) as caught,
    ):
        play(colour, server, lambda client: act.call(client, stage))
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        shown += f"{error!s} {error!r}"
        error = error.__cause__ or error.__context__
    assert [] == [canary for canary in CANARIES if canary in shown]
    assert [] == [text for text in records.texts if any(canary in text for canary in CANARIES)]


def test_a_401_tells_where_the_key_came_from(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, never what it holds."""
    from together_batches import Together

    monkeypatch.setenv("TOGETHER_API_KEY", "canary-wrong-key")
    with (
        Together(base_url=server.base_url) as client,
        pytest.raises(AuthenticationError, match="TOGETHER_API_KEY") as caught,
    ):
        client.batches.list_batches()
    assert "canary-wrong-key" not in "".join(traceback.format_exception(caught.value))


def test_no_repr_shows_a_secret(server: FaultServer) -> None:
    """Clients, what they are made of, and results can be printed."""
    with blocking_client(server) as client:
        parts: list[object] = [
            client,
            client.files,
            client.batches,
            client._settings,
            client.files._driver,
            client.files._driver.api,
        ]
        assert [] == [canary for canary in CANARIES if canary in f"{parts!r}"]


@pytest.mark.parametrize("colour", COLOURS)
def test_no_other_credentials_replace_the_key(
    colour: str, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ~/.netrc and a proxy's URL hold for this host never stands in the Authorization of a request."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\ndefault login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    stage = Stage(server, tmp_path / "stage")
    _with_prompts(stage)
    play(colour, server, lambda client: acts.RUN.call(client, stage))
    assert {f"Bearer {KEY}"} == {r.header("Authorization") for r in server.world.requests if r.origin == "api"}
    assert {None} == {r.header("Authorization") for r in server.world.requests if r.origin != "api"}

    # The API's own port takes requests as a proxy would.
    monkeypatch.setenv("http_proxy", server.origins["api"].replace("http://", "http://user:word@"))
    server.world.requests.clear()
    file_id = server.world.add_file(b"{}").id
    play(colour, server, lambda client: client.batches.create_batch(file_id, ENDPOINT))
    (request,) = server.world.requests
    assert f"Bearer {KEY}" == request.header("Authorization")
    assert f"Basic {base64.b64encode(b'user:word').decode()}" == request.header("Proxy-Authorization")


@pytest.mark.parametrize("colour", COLOURS)
def test_an_untrusted_certificate_is_an_error(colour: str, tls_server: FaultServer) -> None:
    """Without the authority that signed it, nothing is sent."""
    from together_batches import APIConnectionError

    tls_server.reset()
    with pytest.raises(APIConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        play(colour, tls_server, lambda client: client.batches.list_batches(), max_retries=0)
    assert [] == tls_server.world.requests
