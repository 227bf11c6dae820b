from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_job_status import BatchJobStatus
from ..tolerant import parse_datetime
from ..types import UNSET, Unset

T = TypeVar("T", bound="BatchJob")


@_attrs_define
class BatchJob:
    """A batch job. It tells no number of requests.

    Attributes:
        id (str): Names the job; an opaque string. Example: batch_5f0e8a2c-1d7b-4f7e-8c54-9a41d0b7c2e3.
        user_id (None | str | Unset): Whose job it is. Example: user_31.
        project_id (None | str | Unset): The project the job is counted to. Example: proj_12.
        organization_id (None | str | Unset): The organization the job is counted to. Example: org_4.
        input_file_id (str | Unset): The file of requests. Example: file-7c5e0c4a-2d0b-4c3e-9b52-6f2f0f6b8a11.
        file_size_bytes (int | Unset): The size of the file of requests. Example: 48210.
        status (BatchJobStatus | Unset): VALIDATING, then IN_PROGRESS, then one of COMPLETED, FAILED, EXPIRED,
            CANCELLED; CANCELING stands between a
            cancel and CANCELLED. COMPLETED says that every request was tried, not that any succeeded. An EXPIRED or
            CANCELLED job delivers what was finished.
             Example: IN_PROGRESS.
        job_deadline (datetime.datetime | None | Unset): When the job expires, 24 hours after it was created. Example:
            2026-04-29T09:15:02.123Z.
        created_at (datetime.datetime | Unset): When the job was created; ISO 8601 with fractions of any length.
            Example: 2026-04-28T09:15:02.123Z.
        endpoint (str | Unset): The path that each request of the file is meant for. Example: /v1/chat/completions.
        progress (float | Unset): How far the job is. Sources disagree whether 1.0 or 100 is the end: nothing about
            completion follows
            from it.
             Example: 42.5.
        model_id (None | str | Unset): The model, where the job is about one. Example: example/small-chat.
        output_file_id (None | str | Unset): The file of answers, once there is one. A job that ended may have it,
            `error_file_id`, both or none. Example: file-0b1f6f0e-53a4-4f0b-8f0d-2b0f5a5f9c11.
        error_file_id (None | str | Unset): The file of errors, once there is one. Example:
            file-9d3c7a52-6d0e-4a66-a1c9-0a4d7be0f3aa.
        error (None | str | Unset): Why the job is FAILED. Example: line 17: custom_id is missing.
        completed_at (datetime.datetime | None | Unset): When the job ended. Example: 2026-04-28T10:02:41Z.
    """

    id: str
    user_id: None | str | Unset = UNSET
    project_id: None | str | Unset = UNSET
    organization_id: None | str | Unset = UNSET
    input_file_id: str | Unset = UNSET
    file_size_bytes: int | Unset = UNSET
    status: BatchJobStatus | Unset = UNSET
    job_deadline: datetime.datetime | None | Unset = UNSET
    created_at: datetime.datetime | Unset = UNSET
    endpoint: str | Unset = UNSET
    progress: float | Unset = UNSET
    model_id: None | str | Unset = UNSET
    output_file_id: None | str | Unset = UNSET
    error_file_id: None | str | Unset = UNSET
    error: None | str | Unset = UNSET
    completed_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        user_id: None | str | Unset
        if isinstance(self.user_id, Unset):
            user_id = UNSET
        else:
            user_id = self.user_id

        project_id: None | str | Unset
        if isinstance(self.project_id, Unset):
            project_id = UNSET
        else:
            project_id = self.project_id

        organization_id: None | str | Unset
        if isinstance(self.organization_id, Unset):
            organization_id = UNSET
        else:
            organization_id = self.organization_id

        input_file_id = self.input_file_id

        file_size_bytes = self.file_size_bytes

        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.value

        job_deadline: None | str | Unset
        if isinstance(self.job_deadline, Unset):
            job_deadline = UNSET
        elif isinstance(self.job_deadline, datetime.datetime):
            job_deadline = self.job_deadline.isoformat()
        else:
            job_deadline = self.job_deadline

        created_at: str | Unset = UNSET
        if not isinstance(self.created_at, Unset):
            created_at = self.created_at.isoformat()

        endpoint = self.endpoint

        progress = self.progress

        model_id: None | str | Unset
        if isinstance(self.model_id, Unset):
            model_id = UNSET
        else:
            model_id = self.model_id

        output_file_id: None | str | Unset
        if isinstance(self.output_file_id, Unset):
            output_file_id = UNSET
        else:
            output_file_id = self.output_file_id

        error_file_id: None | str | Unset
        if isinstance(self.error_file_id, Unset):
            error_file_id = UNSET
        else:
            error_file_id = self.error_file_id

        error: None | str | Unset
        if isinstance(self.error, Unset):
            error = UNSET
        else:
            error = self.error

        completed_at: None | str | Unset
        if isinstance(self.completed_at, Unset):
            completed_at = UNSET
        elif isinstance(self.completed_at, datetime.datetime):
            completed_at = self.completed_at.isoformat()
        else:
            completed_at = self.completed_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if user_id is not UNSET:
            field_dict["user_id"] = user_id
        if project_id is not UNSET:
            field_dict["project_id"] = project_id
        if organization_id is not UNSET:
            field_dict["organization_id"] = organization_id
        if input_file_id is not UNSET:
            field_dict["input_file_id"] = input_file_id
        if file_size_bytes is not UNSET:
            field_dict["file_size_bytes"] = file_size_bytes
        if status is not UNSET:
            field_dict["status"] = status
        if job_deadline is not UNSET:
            field_dict["job_deadline"] = job_deadline
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if endpoint is not UNSET:
            field_dict["endpoint"] = endpoint
        if progress is not UNSET:
            field_dict["progress"] = progress
        if model_id is not UNSET:
            field_dict["model_id"] = model_id
        if output_file_id is not UNSET:
            field_dict["output_file_id"] = output_file_id
        if error_file_id is not UNSET:
            field_dict["error_file_id"] = error_file_id
        if error is not UNSET:
            field_dict["error"] = error
        if completed_at is not UNSET:
            field_dict["completed_at"] = completed_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        id = d.pop("id")

        def _parse_user_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user_id = _parse_user_id(d.pop("user_id", UNSET))

        def _parse_project_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_id = _parse_project_id(d.pop("project_id", UNSET))

        def _parse_organization_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        organization_id = _parse_organization_id(d.pop("organization_id", UNSET))

        input_file_id = d.pop("input_file_id", UNSET)

        file_size_bytes = d.pop("file_size_bytes", UNSET)

        _status = d.pop("status", UNSET)
        status: BatchJobStatus | Unset
        if _status is None or isinstance(_status, Unset):
            status = UNSET
        else:
            try:
                status = BatchJobStatus(_status)

            except (TypeError, ValueError, AttributeError, KeyError):
                d["status"] = _status
                status = UNSET

        def _parse_job_deadline(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                job_deadline_type_0 = parse_datetime(data)

                return job_deadline_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["job_deadline"] = data
            return UNSET

        job_deadline = _parse_job_deadline(d.pop("job_deadline", UNSET))

        _created_at = d.pop("created_at", UNSET)
        created_at: datetime.datetime | Unset
        if _created_at is None or isinstance(_created_at, Unset):
            created_at = UNSET
        else:
            try:
                created_at = parse_datetime(_created_at)

            except (TypeError, ValueError, AttributeError, KeyError):
                d["created_at"] = _created_at
                created_at = UNSET

        endpoint = d.pop("endpoint", UNSET)

        progress = d.pop("progress", UNSET)

        def _parse_model_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_id = _parse_model_id(d.pop("model_id", UNSET))

        def _parse_output_file_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        output_file_id = _parse_output_file_id(d.pop("output_file_id", UNSET))

        def _parse_error_file_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error_file_id = _parse_error_file_id(d.pop("error_file_id", UNSET))

        def _parse_error(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error = _parse_error(d.pop("error", UNSET))

        def _parse_completed_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                completed_at_type_0 = parse_datetime(data)

                return completed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["completed_at"] = data
            return UNSET

        completed_at = _parse_completed_at(d.pop("completed_at", UNSET))

        batch_job = cls(
            id=id,
            user_id=user_id,
            project_id=project_id,
            organization_id=organization_id,
            input_file_id=input_file_id,
            file_size_bytes=file_size_bytes,
            status=status,
            job_deadline=job_deadline,
            created_at=created_at,
            endpoint=endpoint,
            progress=progress,
            model_id=model_id,
            output_file_id=output_file_id,
            error_file_id=error_file_id,
            error=error,
            completed_at=completed_at,
        )

        batch_job.additional_properties = d
        return batch_job

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
