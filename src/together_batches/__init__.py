"""An independent client for Together AI's Files and Batches API.

    from together_batches import Together

    with Together() as client:
        file = client.files.upload("batch_input.jsonl")
        job = client.batches.create_batch(file.id, "/v1/chat/completions")

The names below are loaded when they are first used.
"""

from __future__ import annotations

# As `typing.TYPE_CHECKING`, which type checkers take for the same, without the 10 ms of importing it.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._build import write_requests
    from ._check import check_requests
    from ._client import AsyncTogether, Together, __version__
    from ._errors import (
        APIConnectionError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BatchFailedError,
        ConfigurationError,
        ConflictError,
        CreateOutcomeUnknownError,
        DownloadError,
        FileCheckError,
        InternalServerError,
        InvalidArgumentError,
        JobNotFinishedError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        TogetherError,
        UnprocessableEntityError,
        UnreadableCreateError,
        UploadError,
        WaitTimeoutError,
    )
    from ._models import BatchResult, CheckReport, FileProblem, ResultError, RunSummary, Usage
    from ._objects import BatchEndpoint, BatchJob, BatchJobStatus, FileDeleted, FileObject

# Where the names are, the cheapest to load first.
_MODULES = ("_errors", "_client", "_objects", "_models", "_check", "_build")

__all__ = [
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncTogether",
    "AuthenticationError",
    "BadRequestError",
    "BatchEndpoint",
    "BatchFailedError",
    "BatchJob",
    "BatchJobStatus",
    "BatchResult",
    "CheckReport",
    "ConfigurationError",
    "ConflictError",
    "CreateOutcomeUnknownError",
    "DownloadError",
    "FileCheckError",
    "FileDeleted",
    "FileObject",
    "FileProblem",
    "InternalServerError",
    "InvalidArgumentError",
    "JobNotFinishedError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResultError",
    "RunSummary",
    "Together",
    "TogetherError",
    "UnprocessableEntityError",
    "UnreadableCreateError",
    "UploadError",
    "Usage",
    "WaitTimeoutError",
    "__version__",
    "check_requests",
    "write_requests",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        from importlib import import_module

        for module in _MODULES:
            home = import_module(f".{module}", __name__)
            if hasattr(home, name):
                value = globals()[name] = getattr(home, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
