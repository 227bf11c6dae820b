"""The operations on batches."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from ._http import Refusal, json_response, optional_text, read_json, text
from ._records import Job
from ._store import Store

WINDOW = "24h"


class BatchRoutes:
    """One method for each operation; each answers or raises Refusal."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def create(self, request: Request) -> Response:
        """A new job. The file is not looked at: what is wrong with it makes the job fail later."""
        fields = await read_json(request)
        file_id, endpoint = text(fields, "input_file_id"), text(fields, "endpoint")
        model_id = optional_text(fields, "model_id") or None
        if (optional_text(fields, "completion_window") or WINDOW) != WINDOW:
            raise Refusal(400, f"completion_window must be {WINDOW}")
        if type(fields.get("priority", 0)) is not int:
            raise Refusal(400, "priority must be an integer")
        job = self._store.add_job(file_id, endpoint, model_id)
        self._wake()
        return json_response({"job": job.to_wire()}, 201)

    async def list(self, request: Request) -> Response:
        """All jobs, newest first."""
        return json_response([job.to_wire() for job in self._store.jobs()])

    async def get(self, request: Request) -> Response:
        """A job as it is now."""
        return json_response(self._job(request).to_wire())

    async def cancel(self, request: Request) -> Response:
        """Asks for the end of a job; requests at the backend are let finish, and what is finished is delivered."""
        job = self._job(request)
        possible = self._store.cancel_job(job.id)
        job = self._job(request)
        if not possible:
            raise Refusal(409, f"Cannot cancel job - already in terminal state: {job.status}")
        return json_response(job.to_wire())

    def _job(self, request: Request) -> Job:
        job = self._store.job(request.path_params["id"])
        if job is None:
            raise Refusal(404, "Job not found")
        return job
