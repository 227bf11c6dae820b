from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.batch_job import BatchJob


T = TypeVar("T", bound="CreateBatchResponse")


@_attrs_define
class CreateBatchResponse:
    """
    Attributes:
        job (BatchJob | None | Unset): The new job. Example: {'id': 'batch_5f0e8a2c-1d7b-4f7e-8c54-9a41d0b7c2e3',
            'status': 'VALIDATING'}.
        warning (None | str | Unset): What the service has to say about the request. Example: The model of the job is
            deprecated..
    """

    job: BatchJob | None | Unset = UNSET
    warning: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.batch_job import BatchJob  # noqa: PLC0415

        job: dict[str, Any] | None | Unset
        if isinstance(self.job, Unset):
            job = UNSET
        elif isinstance(self.job, BatchJob):
            job = self.job.to_dict()
        else:
            job = self.job

        warning: None | str | Unset
        if isinstance(self.warning, Unset):
            warning = UNSET
        else:
            warning = self.warning

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if job is not UNSET:
            field_dict["job"] = job
        if warning is not UNSET:
            field_dict["warning"] = warning

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_job import BatchJob  # noqa: PLC0415

        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)

        def _parse_job(data: object) -> BatchJob | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                job_type_0 = BatchJob.from_dict(data)

                return job_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["job"] = data
            return UNSET

        job = _parse_job(d.pop("job", UNSET))

        def _parse_warning(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        warning = _parse_warning(d.pop("warning", UNSET))

        create_batch_response = cls(
            job=job,
            warning=warning,
        )

        create_batch_response.additional_properties = d
        return create_batch_response

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
