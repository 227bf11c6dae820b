"""Everything that can go wrong, as one tree; catch the branch that says what you can do about it.

    TogetherError
    ├── ConfigurationError            the key or the base URL is unusable (also a ValueError)
    ├── InvalidArgumentError          an argument is unusable (also a ValueError); nothing was sent
    ├── FileCheckError                the request file breaks a rule; nothing was sent
    ├── APIConnectionError            no answer: refused, reset, cut
    │   └── APITimeoutError           no answer in time
    ├── APIStatusError                the service answered with an error status
    │   ├── BadRequestError           400
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409
    │   ├── UnprocessableEntityError  422
    │   ├── RateLimitError            429
    │   └── InternalServerError       5xx
    ├── APIResponseValidationError    a success status with an answer that breaks the contract
    ├── CreateOutcomeUnknownError     a job may exist; look before creating again
    │   └── UnreadableCreateError     so it is, since a success could not be read (also the one above)
    ├── UploadError                   the service does not hold what was read
    ├── DownloadError                 what arrived is not the whole file
    ├── WaitTimeoutError              the job is still going; it carries on without you
    ├── JobNotFinishedError           its results are not there yet
    └── BatchFailedError              the job failed as a whole

The names under `APIStatusError` are the ecosystem's, so that habits carry over.
Every error can be pickled, and none holds the key, a presigned URL or a line of a request file.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from ._models import FileProblem
    from ._objects import BatchJob


class TogetherError(Exception):
    """The root of every error that this library raises."""


class ConfigurationError(TogetherError, ValueError):
    """The API key or the base URL is missing or unusable."""


class InvalidArgumentError(TogetherError, ValueError):
    """An argument cannot be sent to the service; nothing was sent."""


class FileCheckError(TogetherError, ValueError):
    """The request file breaks a rule of the service; nothing was sent.

    `problems` holds each finding with its line number, `line` the first of these numbers or None.
    """

    def __init__(self, message: str, *, problems: Sequence[FileProblem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    @property
    def line(self) -> int | None:
        return next((problem.line for problem in self.problems if problem.line is not None), None)


class APIConnectionError(TogetherError):
    """The service gave no answer; the request may or may not have reached it."""


class APITimeoutError(APIConnectionError):
    """The service gave no answer in time."""


class APIStatusError(TogetherError):
    """The service answered with an error status.

    `status_code` is the HTTP status, `request_id` the service's name for the request or None,
    `body` the decoded JSON of the answer or its text, `retry_after` the seconds it asked to wait or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        request_id: str | None = None,
        body: Any = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.request_id = request_id
        self.body = body
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the service could not make sense of the request."""


class AuthenticationError(APIStatusError):
    """401: the service does not accept the key."""


class PermissionDeniedError(APIStatusError):
    """403: the key is not allowed to do this."""


class NotFoundError(APIStatusError):
    """404: the service knows no such job or file."""


class ConflictError(APIStatusError):
    """409: the job or file is in a state that does not allow this."""


class UnprocessableEntityError(APIStatusError):
    """422: the service understood the request and refuses its content."""


class RateLimitError(APIStatusError):
    """429: too many requests, or too many tokens enqueued."""


class InternalServerError(APIStatusError):
    """5xx: the service failed."""


class APIResponseValidationError(TogetherError):
    """The service reported success with an answer that breaks the contract.

    `status_code` is the HTTP status, `request_id` the service's name for the request or None,
    `body` the start of what came, as text.
    """

    def __init__(
        self, message: str, *, status_code: int = 0, request_id: str | None = None, body: str | None = None
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.request_id = request_id
        self.body = body


class CreateOutcomeUnknownError(TogetherError):
    """A create was sent, its answer was lost, and no job was found: one may exist, and may be paid for.

    Look again with `client.batches.find(input_file_id=…, endpoint=…, created_after=…)`, whose arguments
    are the attributes of this error; `created_after` is in the service's time.
    """

    def __init__(
        self,
        message: str,
        *,
        input_file_id: str | None = None,
        endpoint: str | None = None,
        created_after: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.input_file_id = input_file_id
        self.endpoint = endpoint
        self.created_after = created_after


class UnreadableCreateError(CreateOutcomeUnknownError, APIResponseValidationError):
    """The service reported a create as done in an answer without a job; one exists, most likely."""

    def __init__(
        self,
        message: str,
        *,
        input_file_id: str | None = None,
        endpoint: str | None = None,
        created_after: datetime | None = None,
        cause: APIResponseValidationError | None = None,
    ) -> None:
        CreateOutcomeUnknownError.__init__(
            self, message, input_file_id=input_file_id, endpoint=endpoint, created_after=created_after
        )
        self.status_code = cause.status_code if cause else 0
        self.request_id = cause.request_id if cause else None
        self.body = cause.body if cause else None


class UploadError(TogetherError):
    """The file changed while it was sent, or the service does not hold all of it."""


class DownloadError(TogetherError):
    """The content that arrived is cut, of the wrong size, or no content at all; no file was written."""


class _JobError(TogetherError):
    """Carries `job`, the last that was seen of the job in question."""

    def __init__(self, message: str, *, job: BatchJob | None = None) -> None:
        super().__init__(message)
        self.job = job


class WaitTimeoutError(_JobError):
    """The job did not end in the time allowed; it goes on, and `job` is the last that was seen of it."""


class JobNotFinishedError(_JobError):
    """The job has not ended, so its results are not there yet; `job` is the last that was seen of it."""


class BatchFailedError(_JobError):
    """The job failed as a whole and has no results; `job.error` says why in the service's words."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def error_class(status_code: int) -> type[APIStatusError]:
    """The class that stands for an HTTP status."""
    return InternalServerError if status_code >= 500 else _BY_STATUS.get(status_code, APIStatusError)
