"""The tree of errors: where each stands, what it carries, and that it travels."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

import together_batches
from together_batches import (
    APIResponseValidationError,
    BatchJob,
    CreateOutcomeUnknownError,
    FileCheckError,
    FileProblem,
    TogetherError,
    UnreadableCreateError,
    _errors,
)
from together_batches._errors import error_class

PUBLIC = [
    getattr(together_batches, name)
    for name in together_batches.__all__
    if isinstance(getattr(together_batches, name), type) and issubclass(getattr(together_batches, name), Exception)
]
WHEN = datetime(2026, 9, 21, tzinfo=UTC)
JOB = BatchJob(id="job-1", error="why")

STATUS: dict[str, Any] = {"status_code": 418, "request_id": "r-1", "body": {"error": "no"}}
CREATE: dict[str, Any] = {"input_file_id": "file-1", "endpoint": "/v1/x", "created_after": WHEN}
FIELDS: dict[str, dict[str, Any]] = {
    "APIStatusError": {**STATUS, "retry_after": 3.0},
    "APIResponseValidationError": {**STATUS, "body": "<html>"},
    "CreateOutcomeUnknownError": CREATE,
    "_JobError": {"job": JOB},
    "FileCheckError": {"problems": (FileProblem(None, "large"), FileProblem(2, "blank"), FileProblem(5, "blank"))},
}


def made(kind: type[TogetherError]) -> TogetherError:
    """An error of a kind with all its attributes set, and one that a caller added."""
    if kind is UnreadableCreateError:
        return UnreadableCreateError(
            "words", **CREATE, cause=APIResponseValidationError("html", **{**STATUS, "body": "b"})
        )
    return kind("words", **next((FIELDS[base.__name__] for base in kind.__mro__ if base.__name__ in FIELDS), {}))


@pytest.mark.parametrize("kind", PUBLIC)
def test_every_error_travels_with_all_it_carries(kind: type[TogetherError]) -> None:
    """Pickles and copies keep the type, the words and the attributes, for a pool of processes."""
    error = made(kind)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (kind, "words", error.args, vars(error)) == (type(again), str(again), again.args, vars(again))


@pytest.mark.parametrize("kind", PUBLIC)
def test_every_error_needs_its_words_only(kind: type[TogetherError]) -> None:
    """An error can be raised in a test with a message alone; it is one of ours, and says something of itself."""
    assert "words" == str(kind("words"))
    assert issubclass(kind, TogetherError)
    assert kind.__doc__


def test_the_tree_is_the_one_that_is_drawn() -> None:
    """The docstring shows every public error, each under its parent."""
    path: list[str] = []
    drawn = {}
    for line in (_errors.__doc__ or "").splitlines():
        branch, found, rest = line.partition("── ")
        if line.strip() == "TogetherError":
            path = ["TogetherError"]
        elif found:
            depth = (len(branch) - len("    ├")) // 4 + 1
            path[depth:] = [rest.split()[0]]
            drawn[path[depth]] = path[depth - 1]
    real = {}
    for kind in set(PUBLIC) - {TogetherError}:
        parents = [base for base in kind.__mro__[1:] if base in PUBLIC]
        real[kind.__name__] = parents[0].__name__
    assert real == drawn


@pytest.mark.parametrize("name", ["ConfigurationError", "InvalidArgumentError", "FileCheckError"])
def test_a_wrong_argument_is_a_value_error_too(name: str) -> None:
    """What the caller gave wrongly can be caught as Python's own."""
    assert issubclass(getattr(together_batches, name), ValueError)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (302, "APIStatusError"),
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (402, "APIStatusError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (408, "APIStatusError"),
        (409, "ConflictError"),
        (413, "APIStatusError"),
        (422, "UnprocessableEntityError"),
        (429, "RateLimitError"),
        (499, "APIStatusError"),
        (500, "InternalServerError"),
        (503, "InternalServerError"),
        (520, "InternalServerError"),
        (599, "InternalServerError"),
    ],
)
def test_each_status_has_its_class(status: int, name: str) -> None:
    """The ecosystem's names, and the general one for the rest."""
    assert name == error_class(status).__name__


@pytest.mark.parametrize(
    ("problems", "expected"),
    [((), None), ((FileProblem(None, "large"),), None), (FIELDS["FileCheckError"]["problems"], 2)],
)
def test_a_file_error_knows_its_first_line(problems: tuple[FileProblem, ...], expected: int | None) -> None:
    """`line` is the first that is known."""
    assert expected == FileCheckError("words", problems=problems).line


def test_an_unreadable_create_is_both() -> None:
    """It is caught as a lost create and as a broken answer, and carries what both carry."""
    error = made(UnreadableCreateError)
    assert isinstance(error, CreateOutcomeUnknownError)
    assert isinstance(error, APIResponseValidationError)
    assert {**CREATE, **STATUS, "body": "b"} == vars(error)
    assert {"status_code": 0, "request_id": None, "body": None}.items() <= vars(UnreadableCreateError("words")).items()
