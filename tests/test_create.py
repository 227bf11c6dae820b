"""Create exactly once, as traces of what the flow asks of the world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import evolve

from flows import REFUSED, RESET, SETTINGS, START, TIMED_OUT, Trace, reply
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    BatchJob,
    BatchJobStatus,
    CreateOutcomeUnknownError,
    InternalServerError,
    InvalidArgumentError,
    RateLimitError,
    UnreadableCreateError,
)
from together_batches._create import LOOKS, Claims, create_batch
from together_batches._effects import Call, Failure, Flow, Reply
from together_batches._retry import Policy

FILE, ENDPOINT = "file-1", "/v1/chat/completions"
BEGAN = datetime.fromtimestamp(START.unix, UTC)
ONE_REQUEST = evolve(SETTINGS, policy=Policy(max_retries=0))


def flow(claims: Claims | None = None) -> Flow[BatchJob]:
    return create_batch(FILE, ENDPOINT, claims or Claims(), SETTINGS)


def job(id: str = "job-1", created: datetime | None = BEGAN, **fields: Any) -> dict[str, Any]:
    created_at = created and created.isoformat().replace("+00:00", "Z")
    return {
        "id": id,
        "input_file_id": FILE,
        "endpoint": ENDPOINT,
        "status": "VALIDATING",
        "created_at": created_at,
        **fields,
    }


def created(**fields: Any) -> Reply:
    return reply(201, {"job": job(**fields)})


def jobs(*listed: dict[str, Any], date: datetime | None = BEGAN) -> Reply:
    return reply(200, list(listed), **({"date": format_datetime(date, usegmt=True)} if date else {}))


def test_one_request_with_the_fixed_window() -> None:
    """The body is the file, the endpoint and 24h, and nothing else."""
    trace = Trace(reply(201, {"job": job(), "warning": "slow model"}))
    made = trace.run(flow())
    assert ("job-1", BatchJobStatus.VALIDATING, "slow model", BEGAN) == (
        made.id,
        made.status,
        made.warning,
        made.created_at,
    )
    assert [
        Call(
            "POST",
            "/batches",
            60.0,
            json={"input_file_id": FILE, "endpoint": ENDPOINT, "completion_window": "24h"},
        )
    ] == trace.effects


@pytest.mark.parametrize("outcome", [REFUSED, reply(429), reply(425), reply(429, retry_after="3")])
def test_what_cannot_have_been_accepted_is_repeated(outcome: Reply | Failure) -> None:
    """A refused connection and a request that was turned away are sent again, without a look."""
    trace = Trace(outcome, created())
    assert "job-1" == trace.run(flow()).id
    assert ["POST /batches", "POST /batches"] == trace.calls


@pytest.mark.parametrize(
    ("status", "error"), [(400, BadRequestError), (401, AuthenticationError), (429, RateLimitError)]
)
def test_a_refusal_is_an_error_at_once(status: int, error: type[Exception]) -> None:
    """What the service will not do is told; nothing is looked for."""
    trace = Trace(reply(status, {"error": "no"}, retry_after="61"))
    with pytest.raises(error, match="no"):
        trace.run(flow())
    assert ["POST /batches"] == trace.calls


def test_a_service_that_is_never_reached_is_a_connection_error() -> None:
    """After the last try the error says that nothing was reached; no job can exist."""
    trace = Trace(*[REFUSED] * 5)
    with pytest.raises(APIConnectionError, match="refused"):
        trace.run(flow())
    assert ["POST /batches"] * 5 == trace.calls


LOST = [RESET, TIMED_OUT, reply(500), reply(502, b"<html>"), reply(503), reply(504), reply(408), reply(524)]


@pytest.mark.parametrize("lost", [*LOST, reply(201), reply(201, b'{"job": {"id'), reply(200, {"job": {}})])
def test_a_lost_answer_is_looked_for_and_found(lost: Reply | Failure) -> None:
    """When the request may have been accepted, the job in the list is the one, and nothing is created again."""
    trace = Trace(lost, jobs(job("mine")))
    assert "mine" == trace.run(flow()).id
    assert ["POST /batches", "GET /batches"] == trace.calls


def test_a_list_that_lags_is_looked_at_again() -> None:
    """A job that the list shows only later is still found."""
    trace = Trace(RESET, jobs(), jobs(), jobs(), jobs(job("mine")))
    assert "mine" == trace.run(flow()).id
    assert ["POST /batches", *["GET /batches"] * 4] == trace.calls
    assert [0.5, 0.5, 1.0] == [at_least for at_least, _ in trace.sleeps]


@pytest.mark.parametrize("lost", LOST)
def test_only_a_search_without_a_find_is_followed_by_another_create(lost: Reply | Failure) -> None:
    """The create is repeated when the list shows no job over the whole window of 15 s."""
    trace = Trace(lost, *[jobs()] * (len(LOOKS) + 1), created())
    assert "job-1" == trace.run(flow()).id
    assert ["POST /batches", *["GET /batches"] * (len(LOOKS) + 1), "POST /batches"] == trace.calls
    assert 15.0 == sum(LOOKS)


def test_at_the_end_of_the_tries_the_error_says_how_to_look_again() -> None:
    """When no try succeeds, the error carries all that finding the job takes, in the service's time."""
    skew = timedelta(hours=-3)
    search = [jobs(date=BEGAN + skew)] * (len(LOOKS) + 1)
    trace = Trace(*[RESET, *search] * 5)
    with pytest.raises(
        CreateOutcomeUnknownError, match=r"may exist[^\n]*batches\.find\(input_file_id='file-1'"
    ) as caught:
        trace.run(flow())
    assert (FILE, ENDPOINT) == (caught.value.input_file_id, caught.value.endpoint)
    assert caught.value.created_after is not None
    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert not isinstance(caught.value, APIResponseValidationError)


def test_an_unreadable_success_is_never_repeated() -> None:
    """The service said yes: a job that cannot be found is likelier than none."""
    trace = Trace(reply(201, b"<html>created</html>", content_type="text/html"), *[jobs()] * (len(LOOKS) + 1))
    with pytest.raises(UnreadableCreateError, match="<html>created</html>") as caught:
        trace.run(flow())
    assert 1 == trace.calls.count("POST /batches")
    assert isinstance(caught.value, APIResponseValidationError)
    assert (201, "<html>created</html>") == (caught.value.status_code, caught.value.body)


@pytest.mark.parametrize("outcome", [RESET, reply(503), reply(201, {})])
def test_no_retries_means_one_request(outcome: Reply | Failure) -> None:
    """With max_retries=0 nothing is looked for, and the error says that a job may exist."""
    trace = Trace(outcome)
    with pytest.raises(CreateOutcomeUnknownError):
        trace.run(create_batch(FILE, ENDPOINT, Claims(), ONE_REQUEST))
    assert ["POST /batches"] == trace.calls


def test_when_looking_fails_nothing_is_created() -> None:
    """Without a look there is no second create."""
    trace = Trace(RESET, reply(403, {"error": "no listing"}))
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        trace.run(flow())
    assert 1 == trace.calls.count("POST /batches")
    assert isinstance(caught.value.__cause__, APIConnectionError)


@pytest.mark.parametrize(
    "other",
    [
        job("old", BEGAN - timedelta(seconds=10)),
        job("other file", input_file_id="file-2"),
        job("other endpoint", endpoint="/v1/completions"),
    ],
)
def test_a_job_of_somebody_else_is_left_alone(other: dict[str, Any]) -> None:
    """An older job, another file's and another endpoint's are not taken for ours."""
    trace = Trace(RESET, jobs(other), jobs(other, job("mine")))
    assert "mine" == trace.run(flow()).id


def test_age_is_judged_by_the_services_clock() -> None:
    """With a clock that is three hours off, the Date header tells what is new."""
    theirs = BEGAN + timedelta(hours=3)
    old = job("old", theirs - timedelta(seconds=30))
    trace = Trace(TIMED_OUT, jobs(old, date=theirs), jobs(old, job("mine", theirs), date=theirs))
    assert "mine" == trace.run(flow()).id


def test_without_a_date_header_a_minute_of_skew_is_allowed_for() -> None:
    """Where the service does not tell its time, ours has to do."""
    old = job("old", BEGAN - timedelta(seconds=61))
    trace = Trace(RESET, jobs(old, job("mine", BEGAN - timedelta(seconds=59)), date=None))
    assert "mine" == trace.run(flow()).id


def test_a_job_without_a_date_leaves_it_open() -> None:
    """A job that may be ours or an old one is neither taken nor followed by another."""
    trace = Trace(RESET, jobs(job("undated", None)))
    with pytest.raises(CreateOutcomeUnknownError):
        trace.run(flow())
    assert ["POST /batches", "GET /batches"] == trace.calls


def test_the_job_of_an_earlier_call_is_not_taken_twice() -> None:
    """Two calls of one client, a moment apart, end with two jobs."""
    claims = Claims()
    assert "first" == Trace(created(id="first")).run(flow(claims)).id
    trace = Trace(RESET, jobs(job("first"), job("second")))
    assert "second" == trace.run(flow(claims)).id


def test_two_lost_creates_take_different_jobs() -> None:
    """Each lost call takes a job of its own."""
    claims = Claims()
    both = jobs(job("one", BEGAN), job("two", BEGAN + timedelta(seconds=1)))
    assert ["one", "two"] == [Trace(RESET, both).run(flow(claims)).id for _ in range(2)]


def test_a_job_is_not_taken_from_a_call_that_waits_for_its_answer() -> None:
    """While another call has no answer yet, a new job may be its own; then it is not."""
    claims = Claims()
    claims.begin(FILE, ENDPOINT)
    other = iter([True])

    def listed(_: object) -> Reply:
        if next(other, False):
            return jobs(job("theirs"))
        claims.take("theirs")
        claims.end(FILE, ENDPOINT)
        return jobs(job("theirs"), job("mine"))

    trace = Trace(RESET, listed, listed)
    assert "mine" == trace.run(flow(claims)).id


def test_a_flow_that_is_closed_waits_no_longer() -> None:
    """A cancelled call does not keep others from finding their jobs."""
    claims = Claims()
    cancelled = flow(claims)
    next(cancelled)
    cancelled.send(START)
    assert claims.others_wait(FILE, ENDPOINT)
    cancelled.close()
    assert not claims.others_wait(FILE, ENDPOINT)


@pytest.mark.parametrize(
    ("file_id", "endpoint"), [("", ENDPOINT), ("..", ENDPOINT), (FILE, ""), (FILE, None), (None, ENDPOINT)]
)
def test_nothing_is_sent_for_an_unusable_argument(file_id: Any, endpoint: Any) -> None:
    """A wrong id or endpoint is found before anything is sent."""
    trace = Trace()
    with pytest.raises(InvalidArgumentError):
        trace.run(create_batch(file_id, endpoint, Claims(), SETTINGS))
    assert [] == trace.effects


def test_a_server_error_is_told_in_the_services_words() -> None:
    """The cause of an unknown outcome is the error of the last try."""
    trace = Trace(reply(500, {"error": {"message": "boom"}}, x_request_id="r-1"))
    with pytest.raises(CreateOutcomeUnknownError, match=r"500 boom; try again later \(request r-1\)") as caught:
        trace.run(create_batch(FILE, ENDPOINT, Claims(), ONE_REQUEST))
    assert isinstance(caught.value.__cause__, InternalServerError)
