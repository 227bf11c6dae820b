from __future__ import annotations

import json
from typing import Any

import pytest

from local.support import CHAT, Api, Upstream, chat, chats, jsonl
from together_batches import local
from together_batches.local import _upstream
from together_batches.local._backend import Answer, Question, RowError
from together_batches.local._upstream import OpenAICompatible

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again without a pause."""
    monkeypatch.setattr(_upstream, "FIRST_PAUSE_SECONDS", 0)


async def ask(url: str, endpoint: str = CHAT) -> Answer | RowError:
    backend = OpenAICompatible(url, 2)
    try:
        return await backend.answer(Question("id", endpoint, chat("a")["body"], 0))
    finally:
        await backend.aclose()


def test_a_job_at_another_server(upstream: Upstream) -> None:
    """Each body goes to the same endpoint as it is, a few at a time, and what comes back is the answer."""
    with local.serve(backend=upstream.url, concurrency=3) as server, Api(server) as api:
        upstream.allow(0)
        job_id = api.submit(chats(20))
        upstream.wait_for(3)
        upstream.allow()
        job = api.wait(job_id)
        rows = api.rows(job["output_file_id"])

    assert "COMPLETED" == job["status"]
    assert 3 == upstream.most_in_flight
    assert {("/v1/chat/completions", body["model"]) for _, body in upstream.asked} == {(CHAT, "example/small-chat")}
    assert sorted(f"question {n}" for n in range(1, 21)) == sorted(upstream.questions)
    for custom_id, row in rows.items():
        body = row["response"]["body"]
        assert f"question {custom_id[1:]}" == body["choices"][0]["message"]["content"]


def test_what_another_server_refuses(upstream: Upstream) -> None:
    """Is a row of the error file, with the other's words."""

    def reply(body: dict[str, Any]) -> tuple[int, Any]:
        return 400, {"error": {"message": "no", "code": "too_rude", "type": "other"}}

    upstream.reply = reply
    with local.serve(backend=upstream.url) as server, Api(server) as api:
        job = api.run(jsonl([chat("a")]), "/v1/embeddings")
        rows = api.rows(job["error_file_id"])

    assert {"message": "no", "code": "too_rude"} == rows["a"]["error"]
    assert ["/v1/embeddings"] == [path for path, _ in upstream.asked]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((404, {"error": {"message": "gone", "type": "x"}}), RowError("gone", "x")),
        ((403, {"error": "text"}), RowError("text", "http_403")),
        ((500, b"<html>"), RowError("the backend answered 500 Internal Server Error", "http_500")),
        ((599, b"[]"), RowError("the backend answered 599", "http_599")),
        ((302, b""), RowError("the backend answered 302 Found", "http_302")),
        ((200, b"<html>"), RowError("the backend's answer is not a JSON object", "batch_client_error")),
        ((200, b"[]"), RowError("the backend's answer is not a JSON object", "batch_client_error")),
    ],
)
async def test_answers_that_are_none(reply: tuple[int, Any], error: RowError, upstream: Upstream) -> None:
    """Any answer but an object with a 2xx is an error, and is not asked for again."""
    upstream.reply = lambda body: reply

    assert error == await ask(upstream.url)
    assert 1 == len(upstream.asked)


async def test_a_busy_server(upstream: Upstream) -> None:
    """Is asked again."""
    upstream.reply = lambda body: (503, b"") if len(upstream.asked) < 3 else (200, {"ok": True})

    assert Answer({"ok": True}) == await ask(upstream.url)
    assert 3 == len(upstream.asked)


async def test_a_server_that_stays_busy(upstream: Upstream) -> None:
    """Is asked a few times."""
    upstream.reply = lambda body: (429, {"error": {"message": "slow down", "code": "rate_limit"}})

    assert RowError("slow down", "rate_limit") == await ask(upstream.url)
    assert 4 == len(upstream.asked)


async def test_no_server() -> None:
    """Is an error of the row, without the address."""
    assert RowError("the backend could not be asked: ConnectError", "batch_client_error") == await ask(
        "http://user:secret@127.0.0.1:1/v1"
    )


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", CHAT), ("/", CHAT), ("/v1/", CHAT), ("/api/v3", "/api/v3/chat/completions")],
)
async def test_addresses(path: str, asked: str, upstream: Upstream) -> None:
    """The /v1 of the endpoint stands for the path of the backend."""
    await ask(upstream.url.removesuffix("/v1") + path)

    assert [asked] == [path for path, _ in upstream.asked]


async def test_the_body_arrives_as_it_was(upstream: Upstream) -> None:
    """Numbers of any size and halves of surrogate pairs too."""
    backend = OpenAICompatible(upstream.url, 1)
    body = chat("a", "\ud83d 🌊", seed=10**30)["body"]
    answer = await backend.answer(Question("id", CHAT, body, 0))
    await backend.aclose()

    assert isinstance(answer, Answer)
    assert body == upstream.asked[0][1]
    assert json.dumps(body) == json.dumps(upstream.asked[0][1])
