from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="StartUploadRequest")


@_attrs_define
class StartUploadRequest:
    """
    Attributes:
        purpose (str): What the file is for, an open set of which `FilePurpose` lists the known ones. Example: batch-
            api.
        file_name (str): The base name of the file, without folders. Example: requests.jsonl.
        file_type (str): The format of the file, see `FileType`. Example: jsonl.
        checksum (str | Unset): The SHA-256 of the bytes in hexadecimal; with it the service can tell that it has them.
            Example: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.
    """

    purpose: str
    file_name: str
    file_type: str
    checksum: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        purpose = self.purpose

        file_name = self.file_name

        file_type = self.file_type

        checksum = self.checksum

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "purpose": purpose,
                "file_name": file_name,
                "file_type": file_type,
            }
        )
        if checksum is not UNSET:
            field_dict["checksum"] = checksum

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        purpose = d.pop("purpose")

        file_name = d.pop("file_name")

        file_type = d.pop("file_type")

        checksum = d.pop("checksum", UNSET)

        start_upload_request = cls(
            purpose=purpose,
            file_name=file_name,
            file_type=file_type,
            checksum=checksum,
        )

        start_upload_request.additional_properties = d
        return start_upload_request

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
