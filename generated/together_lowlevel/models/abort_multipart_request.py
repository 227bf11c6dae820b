from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AbortMultipartRequest")


@_attrs_define
class AbortMultipartRequest:
    """
    Attributes:
        upload_id (str): The upload. Example: upload-88f1.
        file_id (str): The file it would have become. Example: file-7c5e0c4a-2d0b-4c3e-9b52-6f2f0f6b8a11.
    """

    upload_id: str
    file_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        upload_id = self.upload_id

        file_id = self.file_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "upload_id": upload_id,
                "file_id": file_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        upload_id = d.pop("upload_id")

        file_id = d.pop("file_id")

        abort_multipart_request = cls(
            upload_id=upload_id,
            file_id=file_id,
        )

        abort_multipart_request.additional_properties = d
        return abort_multipart_request

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
