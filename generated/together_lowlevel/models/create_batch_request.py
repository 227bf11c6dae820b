from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateBatchRequest")


@_attrs_define
class CreateBatchRequest:
    """
    Attributes:
        input_file_id (str): The file of requests, uploaded with the purpose `batch-api`. Example:
            file-7c5e0c4a-2d0b-4c3e-9b52-6f2f0f6b8a11.
        endpoint (str): The path that each request is meant for: `/v1/chat/completions`, `/v1/completions`,
            `/v1/audio/transcriptions` or `/v1/audio/translations`.
             Example: /v1/chat/completions.
        completion_window (str | Unset): How long the job may take, at best effort. `24h` is the only window there is.
            Default: '24h'. Example: 24h.
        model_id (str | Unset): The model of the job; without it, each line names its own. Example: example/small-chat.
        priority (int | Unset): A rank among the account's jobs. Example: 1.
    """

    input_file_id: str
    endpoint: str
    completion_window: str | Unset = "24h"
    model_id: str | Unset = UNSET
    priority: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        input_file_id = self.input_file_id

        endpoint = self.endpoint

        completion_window = self.completion_window

        model_id = self.model_id

        priority = self.priority

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "input_file_id": input_file_id,
                "endpoint": endpoint,
            }
        )
        if completion_window is not UNSET:
            field_dict["completion_window"] = completion_window
        if model_id is not UNSET:
            field_dict["model_id"] = model_id
        if priority is not UNSET:
            field_dict["priority"] = priority

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        input_file_id = d.pop("input_file_id")

        endpoint = d.pop("endpoint")

        completion_window = d.pop("completion_window", UNSET)

        model_id = d.pop("model_id", UNSET)

        priority = d.pop("priority", UNSET)

        create_batch_request = cls(
            input_file_id=input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            model_id=model_id,
            priority=priority,
        )

        create_batch_request.additional_properties = d
        return create_batch_request

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
