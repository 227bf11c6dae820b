from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import types
from ..types import UNSET, File, Unset

T = TypeVar("T", bound="UploadFileRequest")


@_attrs_define
class UploadFileRequest:
    """
    Attributes:
        purpose (str): What the file is for, an open set of which `FilePurpose` lists the known ones. Example: batch-
            api.
        file_name (str): The base name of the file, without folders. Example: requests.jsonl.
        file (File): The bytes. Example: {"custom_id": "a", "body": {"model": "example/small-chat", "messages": []}}.
        file_type (str | Unset): The format of the file, see `FileType`. Example: jsonl.
    """

    purpose: str
    file_name: str
    file: File
    file_type: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        purpose = self.purpose

        file_name = self.file_name

        file = self.file.to_tuple()

        file_type = self.file_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "purpose": purpose,
                "file_name": file_name,
                "file": file,
            }
        )
        if file_type is not UNSET:
            field_dict["file_type"] = file_type

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("purpose", (None, str(self.purpose).encode(), "text/plain")))

        files.append(("file_name", (None, str(self.file_name).encode(), "text/plain")))

        files.append(("file", self.file.to_tuple()))

        if not isinstance(self.file_type, Unset):
            files.append(("file_type", (None, str(self.file_type).encode(), "text/plain")))

        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        purpose = d.pop("purpose")

        file_name = d.pop("file_name")

        file = File(payload=BytesIO(d.pop("file")))

        file_type = d.pop("file_type", UNSET)

        upload_file_request = cls(
            purpose=purpose,
            file_name=file_name,
            file=file,
            file_type=file_type,
        )

        upload_file_request.additional_properties = d
        return upload_file_request

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
