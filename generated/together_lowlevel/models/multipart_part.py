from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.part_headers import PartHeaders


T = TypeVar("T", bound="MultipartPart")


@_attrs_define
class MultipartPart:
    """Where to send a part. Some servers say `part_number` and `UploadURL`.

    Attributes:
        part_number (int | None | Unset): The number of the part, from 1. Example: 1.
        url (None | str | Unset): A presigned address, to which the part is sent without the key. Example:
            https://storage.example/bucket/file-7c5e?partNumber=1&signature=3f9a.
        headers (None | PartHeaders | Unset): The headers to send with the part. Example: {'x-amz-checksum-algorithm':
            'SHA256'}.
    """

    part_number: int | None | Unset = UNSET
    url: None | str | Unset = UNSET
    headers: None | PartHeaders | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.part_headers import PartHeaders  # noqa: PLC0415

        part_number: int | None | Unset
        if isinstance(self.part_number, Unset):
            part_number = UNSET
        else:
            part_number = self.part_number

        url: None | str | Unset
        if isinstance(self.url, Unset):
            url = UNSET
        else:
            url = self.url

        headers: dict[str, Any] | None | Unset
        if isinstance(self.headers, Unset):
            headers = UNSET
        elif isinstance(self.headers, PartHeaders):
            headers = self.headers.to_dict()
        else:
            headers = self.headers

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if part_number is not UNSET:
            field_dict["PartNumber"] = part_number
        if url is not UNSET:
            field_dict["URL"] = url
        if headers is not UNSET:
            field_dict["Headers"] = headers

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.part_headers import PartHeaders  # noqa: PLC0415

        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)

        def _parse_part_number(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        part_number = _parse_part_number(d.pop("PartNumber", UNSET))

        def _parse_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        url = _parse_url(d.pop("URL", UNSET))

        def _parse_headers(data: object) -> None | PartHeaders | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                headers_type_0 = PartHeaders.from_dict(data)

                return headers_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["Headers"] = data
            return UNSET

        headers = _parse_headers(d.pop("Headers", UNSET))

        multipart_part = cls(
            part_number=part_number,
            url=url,
            headers=headers,
        )

        multipart_part.additional_properties = d
        return multipart_part

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
