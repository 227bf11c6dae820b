"""The clients: what they are made of, and each of their methods in both colours."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from together_batches import (
    AsyncTogether,
    BatchJob,
    BatchJobStatus,
    ConfigurationError,
    FileDeleted,
    FileObject,
    InvalidArgumentError,
    NotFoundError,
    Together,
    UploadError,
    WaitTimeoutError,
    __version__,
)
from together_batches._batches import AsyncBatches, Batches
from together_batches._client import DEFAULT_BASE_URL, user_agent
from together_batches._files import AsyncFiles, Files

CLIENTS = [Together, AsyncTogether]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    monkeypatch.delenv("TOGETHER_BASE_URL", raising=False)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def close(client: Any) -> None:
    if isinstance(client, AsyncTogether):
        anyio.run(client.close)
    else:
        client.close()


@pytest.fixture(params=CLIENTS)
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes clients of one colour and closes them."""
    made: list[Any] = []

    def maker(*args: Any, **kwargs: Any) -> Any:
        made.append(request.param(*args, **kwargs))
        return made[-1]

    yield maker
    for client in made:
        close(client)


@pytest.mark.parametrize(
    ("given", "variable", "key", "source"),
    [
        ("k", None, "k", "api_key="),
        ("k", "v", "k", "api_key="),
        (None, "v", "v", "TOGETHER_API_KEY"),
        (" k\n", None, "k", "api_key="),
        (None, "v\r\n", "v", "TOGETHER_API_KEY"),
    ],
)
def test_the_key_is_given_or_in_the_environment(
    make: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    variable: str | None,
    key: str,
    source: str,
) -> None:
    """What is given counts; space around it is no part of it."""
    if variable is not None:
        monkeypatch.setenv("TOGETHER_API_KEY", variable)
    settings = make(given)._settings
    assert (key, source) == (settings.key, settings.key_source)


@pytest.mark.parametrize("key", ["", "  ", "\n", "secret\nkey", "secret key", "secret\tkey", "sécret", "secret\x00", 5])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_unusable_key_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch, key: Any) -> None:
    """The error names where it came from and what to do, and never shows it."""
    with pytest.raises(ConfigurationError, match=r"the API key in api_key= .*set TOGETHER_API_KEY") as caught:
        client(key)
    assert "cret" not in str(caught.value)
    if isinstance(key, str) and "\0" not in key:
        monkeypatch.setenv("TOGETHER_API_KEY", key)
        with pytest.raises(ConfigurationError, match=r"the API key in TOGETHER_API_KEY ") as caught:
            client()
        assert "cret" not in str(caught.value)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_key_is_needed(client: Any) -> None:
    """Without one the error says how to give it."""
    with pytest.raises(ConfigurationError, match=r"^no API key: set TOGETHER_API_KEY, or give api_key=$"):
        client()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "https://api.together.ai/v1"),
        ("https://api.together.ai/v1", "https://api.together.ai/v1"),
        ("https://api.together.ai", "https://api.together.ai/v1"),
        ("https://api.together.ai/", "https://api.together.ai/v1"),
        ("https://api.together.ai/v1/", "https://api.together.ai/v1"),
        (" http://127.0.0.1:8080/v1//\n", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("https://gate.test/together", "https://gate.test/together/v1"),
        ("https://gate.test/v1/together", "https://gate.test/v1/together/v1"),
        ("HTTPS://API.test", "HTTPS://API.test/v1"),
    ],
)
def test_the_base_url_comes_with_or_without_its_version(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, url: str | None, expected: str
) -> None:
    """Given, or in the environment; what is given counts."""
    assert expected == make("k", url)._settings.base_url
    monkeypatch.setenv("TOGETHER_BASE_URL", "http://other.test" if url is None else url)
    assert ("http://other.test/v1" if url is None else expected) == make("k")._settings.base_url
    assert DEFAULT_BASE_URL == make("k", DEFAULT_BASE_URL)._settings.base_url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is blank"),
        ("  ", "is blank"),
        (5, "is blank"),
        ("https://a.test/\nx", "has a line break"),
        ("https://a b.test", "a space"),
        ("api.together.ai", "is not an http or https URL"),
        ("ftp://a.test", "is not an http or https URL"),
        ("https://", "is not an http or https URL"),
        ("https:///v1", "is not an http or https URL"),
        ("https://a.test:0", "is not an http or https URL"),
        ("https://a.test:x", "is not a URL"),
        ("https://a.test:99999", "is not a URL"),
        ("https://[a", "is not a URL"),
        ("https://me:secret@a.test", "holds a user name or password"),
        ("https://@a.test", "holds a user name or password"),
        ("https://a.test?key=secret", "has a query or a fragment"),
        ("https://a.test/v1#secret", "has a query or a fragment"),
        ("https://a.test/v1?", "has a query or a fragment"),
        ("https://a.test/v1#", "has a query or a fragment"),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_unusable_base_url_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch, url: Any, words: str) -> None:
    """The error says what is wrong and shows a good one; it does not repeat what may be a password."""
    with pytest.raises(ConfigurationError, match=f"the base URL in base_url= .*{words}") as caught:
        client("k", url)
    assert "https://api.together.ai/v1" in str(caught.value)
    assert "secret" not in str(caught.value)
    if isinstance(url, str):
        monkeypatch.setenv("TOGETHER_BASE_URL", url)
        with pytest.raises(ConfigurationError, match=f"the base URL in TOGETHER_BASE_URL .*{words}"):
            client("k")


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": "5"},
        {"timeout": None},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_retries": True},
        {"max_retries": "1"},
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_unusable_option_is_refused(client: Any, options: dict[str, Any]) -> None:
    """In the constructor, and in a call."""
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        client("k", **options)
    if None not in options.values():
        with Together("k") as made, pytest.raises(InvalidArgumentError, match=next(iter(options))):
            made.batches.get_batch("j", **options)


def test_no_repr_shows_the_key(make: Callable[..., Any]) -> None:
    """Of a client and of what it is made of."""
    client = make("secret-key", "http://a.test")
    assert f"{type(client).__name__}(base_url='http://a.test/v1')" == repr(client)
    for part in (client._settings, client.files, client.batches, client.files._driver, client.files._driver.api):
        assert "secret" not in repr(part)


def test_a_client_of_ones_own_is_used_and_left_open() -> None:
    """Whoever made it closes it."""
    with httpx.Client() as own:
        with Together("k", http_client=own) as client:
            assert own is client.files._driver.transport.http
        assert not own.is_closed
    with Together("k", "http://127.0.0.1:9") as client:
        assert client.files._driver.transport is client.batches._driver.transport
    with pytest.raises(ConfigurationError, match="this client is closed"):
        client.batches.list_batches()


@pytest.mark.anyio
async def test_an_async_client_of_ones_own_is_used_and_left_open() -> None:
    """Whoever made it closes it."""
    async with httpx.AsyncClient() as own:
        async with AsyncTogether("k", http_client=own) as client:
            assert own is client.files._driver.transport.http
        assert not own.is_closed
    async with AsyncTogether("k", "http://127.0.0.1:9") as client:
        assert client.files._driver.transport is client.batches._driver.transport
    with pytest.raises(ConfigurationError, match="this client is closed"):
        await client.batches.list_batches()


def test_a_client_of_the_other_colour_is_refused() -> None:
    """The error says which one is right."""
    wrong: Any
    for client, wrong, words in (
        (Together, httpx.AsyncClient(), "must be an httpx.Client; "),
        (AsyncTogether, httpx.Client(), "must be an httpx.AsyncClient; "),
        (Together, "http", "must be an httpx.Client; "),
        (AsyncTogether, object(), "must be an httpx.AsyncClient; "),
    ):
        with pytest.raises(InvalidArgumentError, match=words):
            client("k", http_client=wrong)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "gopher://a.test"), ("HTTPS_PROXY", "http://a:x")],
)
def test_a_wrong_setting_of_the_environment_is_told(
    monkeypatch: pytest.MonkeyPatch, client: Any, variable: str, value: str
) -> None:
    """What httpx reads there is named, in an error of ours."""
    monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"cannot set up HTTP: .*{variable}"):
        client("k")


def test_a_closed_client_can_be_closed_again() -> None:
    """And says so when it is used."""
    client = Together("k", "http://127.0.0.1:9")
    client.close()
    client.close()
    with pytest.raises(ConfigurationError, match="this client is closed: make a new one"):
        client.batches.list_batches()


def test_the_client_has_a_name() -> None:
    """The edge of the service refuses what looks like a bare library."""
    assert f"together-batches/{__version__}" == user_agent()


HEAVY = ["httpx", "attr", "attrs", "dateutil", "msgspec", "anyio", "together_lowlevel"]


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import together_batches", []),
        ("import together_batches; together_batches.Together, together_batches.AsyncTogether", []),
        ("from together_batches import TogetherError, BatchFailedError, __version__", []),
        ("import together_batches; dir(together_batches)", []),
        ("from together_batches import BatchJob", ["attr", "attrs"]),
    ],
)
def test_nothing_heavy_is_loaded_before_a_client_is_made(code: str, loaded: list[str]) -> None:
    """In a fresh process, where making a client loads what it needs: nothing of httpx on a direct road."""
    made = "together_batches.Together('k')"
    look = f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    program = f"import sys; sys.path[:0] = {sys.path!r}\n{code}\n{look}\nimport together_batches; {made}\n{look}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = done.stdout.split("\n")[:2]
    assert loaded == before.split()
    assert {"attr", "attrs", "msgspec", "together_lowlevel"} == set(after.split())


def test_what_is_not_there_is_an_attribute_error() -> None:
    """The package has its public names and no others."""
    import together_batches

    with pytest.raises(AttributeError, match="module 'together_batches' has no attribute 'Batch'"):
        together_batches.Batch  # type: ignore[attr-defined]  # noqa: B018 (not there, which is the point)
    assert together_batches.__all__ == dir(together_batches) == sorted(together_batches.__all__)
    assert all(hasattr(together_batches, name) for name in together_batches.__all__)


@pytest.mark.parametrize(
    ("blocking", "awaited"), [(Files, AsyncFiles), (Batches, AsyncBatches), (Together, AsyncTogether)]
)
def test_the_two_colours_are_one_surface(blocking: type, awaited: type) -> None:
    """The same methods with the same arguments, each documented."""

    def surface(kind: type) -> dict[str, list[tuple[str, Any, Any]]]:
        return {
            name: [(part.name, part.kind, part.default) for part in inspect.signature(method).parameters.values()]
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") or name == "__init__"
        }

    assert surface(blocking) == surface(awaited)
    for kind in (blocking, awaited):
        assert all(getattr(kind, name).__doc__ for name in surface(kind) if name != "__init__")


REQUEST = json.dumps({"custom_id": "a", "body": {"model": "m"}}).encode() + b"\n"
ANSWER = json.dumps({"custom_id": "a", "response": {"status_code": 200, "body": {"text": "hi"}}}).encode() + b"\n"
JOB = {"id": "job-1", "input_file_id": "in", "endpoint": "/v1/chat/completions", "created_at": "2026-09-21T14:13:20Z"}
DONE = {**JOB, "status": "COMPLETED", "output_file_id": "out"}


def service(request: httpx.Request) -> httpx.Response:
    """The service as one function: a job that is done, a file of requests and one of answers."""
    if request.url.host == "storage.test":
        assert "authorization" not in request.headers
        return httpx.Response(200)
    assert "Bearer k" == request.headers["authorization"]
    file = {"id": "in", "bytes": len(REQUEST)}
    out = {"id": "out", "bytes": len(ANSWER)}
    answers: dict[str, Any] = {
        "GET /v1/batches": [DONE],
        "POST /v1/batches": {"job": JOB},
        "GET /v1/batches/job-1": DONE,
        "GET /v1/batches/going": {**JOB, "id": "going", "status": "IN_PROGRESS"},
        "POST /v1/batches/job-1/cancel": {**JOB, "status": "CANCELING"},
        "GET /v1/files": {"data": [file]},
        "GET /v1/files/in": file,
        "GET /v1/files/out": out,
        "DELETE /v1/files/in": {"id": "in", "deleted": True},
        "POST /v1/files/in/preprocess": file,
    }
    call = f"{request.method} {request.url.path}"
    if call == "POST /v1/files":
        return httpx.Response(302, headers={"location": "http://storage.test/x", "x-together-file-id": "in"})
    if call == "GET /v1/files/out/content":
        return httpx.Response(200, stream=httpx.ByteStream(ANSWER), headers={"content-length": str(len(ANSWER))})
    return httpx.Response(200, json=answers[call]) if call in answers else httpx.Response(404, json={"error": "no"})


async def awaitable(value: Any) -> Any:
    """What a method gives, whichever its colour."""
    if hasattr(value, "__aiter__"):
        return [item async for item in value]
    if inspect.isawaitable(value):
        return await value
    return value if not inspect.isgenerator(value) else list(value)


@pytest.fixture(params=["blocking", "async"])
def call(request: pytest.FixtureRequest) -> Callable[[Callable[[Any], Any]], Any]:
    """Calls a method of a client that talks to `service`, in one colour."""

    def caller(use: Callable[[Any], Any]) -> Any:
        transport = httpx.MockTransport(service)

        async def main() -> Any:
            if request.param == "blocking":
                with (
                    httpx.Client(transport=transport) as http,
                    Together("k", "http://api.test", http_client=http) as one,
                ):
                    return await awaitable(use(one))
            async with (
                httpx.AsyncClient(transport=transport) as ahttp,
                AsyncTogether("k", "http://api.test", http_client=ahttp) as other,
            ):
                return await awaitable(use(other))

        return anyio.run(main)

    return caller


WHEN = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
CREATED = BatchJob(id="job-1", input_file_id="in", endpoint="/v1/chat/completions", created_at=WHEN)


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (lambda c: c.files.list(), [FileObject(id="in", bytes=len(REQUEST))]),
        (lambda c: c.files.retrieve("in"), FileObject(id="in", bytes=len(REQUEST))),
        (lambda c: c.files.delete("in"), FileDeleted(id="in")),
        (lambda c: c.files.retrieve_content("out"), ANSWER),
        (lambda c: c.batches.create_batch("in", "/v1/chat/completions"), CREATED),
        (lambda c: c.batches.create_batch(file_id="in", endpoint="/v1/chat/completions", timeout=5), CREATED),
    ],
)
def test_each_method_gives_what_the_service_says(call: Any, use: Callable[[Any], Any], expected: Any) -> None:
    """In both colours."""
    assert expected == call(use)


def test_jobs_are_seen_and_cancelled(call: Any) -> None:
    """One, all, those of a file, one to its end, and one to be ended."""
    assert "COMPLETED" == call(lambda c: c.batches.get_batch("job-1", max_retries=0)).status
    assert ["job-1"] == [job.id for job in call(lambda c: c.batches.list_batches())]
    assert ["job-1"] == [job.id for job in call(lambda c: c.batches.find(input_file_id="in", created_after=WHEN))]
    told: list[BatchJob] = []
    assert BatchJobStatus.COMPLETED is call(lambda c: c.batches.wait("job-1", on_update=told.append)).status
    assert 1 == len(told)
    assert BatchJobStatus.CANCELING is call(lambda c: c.batches.cancel_batch("job-1")).status
    with pytest.raises(WaitTimeoutError):
        call(lambda c: c.batches.wait("going", timeout=0))
    with pytest.raises(NotFoundError):
        call(lambda c: c.batches.get_batch("other"))


def test_files_go_up_and_come_down(call: Any, tmp_path: Path) -> None:
    """With their progress."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(REQUEST)
    told: list[tuple[int, int]] = []
    up = call(lambda c: c.files.upload(path, on_progress=lambda done, total: told.append((done, total))))
    assert (FileObject(id="in", bytes=len(REQUEST)), [(len(REQUEST), len(REQUEST))]) == (up, told)
    out = tmp_path / "out.jsonl"
    assert out == call(lambda c: c.files.retrieve_content("out", output=out))
    assert ANSWER == out.read_bytes()
    path.write_bytes(b"{}\n")
    with pytest.raises(UploadError, match="service holds"):
        call(lambda c: c.files.upload(path, check=False, checksum=True))


def test_results_come_one_by_one(call: Any) -> None:
    """By the id of a job, or by the job."""
    for job in ("job-1", CREATED):
        (result,) = call(lambda c, job=job: c.batches.results(job))
        assert ("a", {"text": "hi"}, True) == (result.custom_id, result.body, result.ok)


def test_results_can_be_left_half_way() -> None:
    """What was opened is closed, and nothing is said."""
    with httpx.Client(transport=httpx.MockTransport(service)) as http:
        results = Together("k", "http://api.test", http_client=http).batches.results("job-1")
        assert "a" == next(results).custom_id
        results.close()  # type: ignore[attr-defined]  # it is a generator


def test_a_file_goes_the_whole_way(call: Any, tmp_path: Path) -> None:
    """At once, or in two steps."""
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(REQUEST)
    summary = call(lambda c: c.batches.run(path, output=out))
    assert (1, 1, True, out) == (summary.requests, summary.answered, summary.all_answered, summary.output)
    written = out.read_bytes()
    assert "job-1" == call(lambda c: c.batches.submit(path)).id
    again = call(lambda c: c.batches.collect("job-1", output=out, requests=path))
    assert (written, 1) == (out.read_bytes(), again.answered)
