from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.completed_part import CompletedPart


T = TypeVar("T", bound="CompleteMultipartRequest")


@_attrs_define
class CompleteMultipartRequest:
    """
    Attributes:
        upload_id (str): The upload. Example: upload-88f1.
        file_id (str): The file. Example: file-7c5e0c4a-2d0b-4c3e-9b52-6f2f0f6b8a11.
        parts (list[CompletedPart]): What storage answered to each part, by ascending number. Example: [{'part_number':
            1, 'etag': '"9b2cf535f27731c974343645a3985328"'}].
    """

    upload_id: str
    file_id: str
    parts: list[CompletedPart]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        upload_id = self.upload_id

        file_id = self.file_id

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "upload_id": upload_id,
                "file_id": file_id,
                "parts": parts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.completed_part import CompletedPart  # noqa: PLC0415

        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        upload_id = d.pop("upload_id")

        file_id = d.pop("file_id")

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            try:
                parts_item = CompletedPart.from_dict(parts_item_data)

            except (TypeError, ValueError, AttributeError, KeyError):
                continue
            parts.append(parts_item)

        complete_multipart_request = cls(
            upload_id=upload_id,
            file_id=file_id,
            parts=parts,
        )

        complete_multipart_request.additional_properties = d
        return complete_multipart_request

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
