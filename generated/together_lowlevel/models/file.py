from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.file_purpose import FilePurpose
from ..models.file_type import FileType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.file_validation_report import FileValidationReport


T = TypeVar("T", bound="File")


@_attrs_define
class File:
    """A stored file.

    Attributes:
        id (str): Names the file; an opaque string. Example: file-7c5e0c4a-2d0b-4c3e-9b52-6f2f0f6b8a11.
        object_ (None | str | Unset): The kind of object, `file`. Example: file.
        created_at (int | Unset): When the file was created, in seconds since 1970-01-01 UTC. Example: 1777367702.
        filename (str | Unset): The base name it was uploaded under. Example: requests.jsonl.
        bytes_ (int | Unset): Its size in bytes. Example: 48210.
        purpose (FilePurpose | Unset): What a file is for. Requests of a batch are `batch-api`, what a job leaves is
            `batch-generated`. Example: batch-api.
        file_type (FileType | None | Unset): The format of the file. Example: jsonl.
        processed (bool | Unset): Whether the file is ready to be used. Example: True.
        line_count (int | None | Unset): How many lines it has, where that was counted. Example: 200.
        processing_status (None | str | Unset): How far the service is with looking at the file. Example: completed.
        validation_report (FileValidationReport | None | Unset): What the service found when it looked at the file.
            Example: {'is_check_passed': True}.
    """

    id: str
    object_: None | str | Unset = UNSET
    created_at: int | Unset = UNSET
    filename: str | Unset = UNSET
    bytes_: int | Unset = UNSET
    purpose: FilePurpose | Unset = UNSET
    file_type: FileType | None | Unset = UNSET
    processed: bool | Unset = UNSET
    line_count: int | None | Unset = UNSET
    processing_status: None | str | Unset = UNSET
    validation_report: FileValidationReport | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.file_validation_report import FileValidationReport  # noqa: PLC0415

        id = self.id

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        created_at = self.created_at

        filename = self.filename

        bytes_ = self.bytes_

        purpose: str | Unset = UNSET
        if not isinstance(self.purpose, Unset):
            purpose = self.purpose.value

        file_type: None | str | Unset
        if isinstance(self.file_type, Unset):
            file_type = UNSET
        elif isinstance(self.file_type, FileType):
            file_type = self.file_type.value
        else:
            file_type = self.file_type

        processed = self.processed

        line_count: int | None | Unset
        if isinstance(self.line_count, Unset):
            line_count = UNSET
        else:
            line_count = self.line_count

        processing_status: None | str | Unset
        if isinstance(self.processing_status, Unset):
            processing_status = UNSET
        else:
            processing_status = self.processing_status

        validation_report: dict[str, Any] | None | Unset
        if isinstance(self.validation_report, Unset):
            validation_report = UNSET
        elif isinstance(self.validation_report, FileValidationReport):
            validation_report = self.validation_report.to_dict()
        else:
            validation_report = self.validation_report

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if filename is not UNSET:
            field_dict["filename"] = filename
        if bytes_ is not UNSET:
            field_dict["bytes"] = bytes_
        if purpose is not UNSET:
            field_dict["purpose"] = purpose
        if file_type is not UNSET:
            field_dict["FileType"] = file_type
        if processed is not UNSET:
            field_dict["Processed"] = processed
        if line_count is not UNSET:
            field_dict["LineCount"] = line_count
        if processing_status is not UNSET:
            field_dict["processing_status"] = processing_status
        if validation_report is not UNSET:
            field_dict["validation_report"] = validation_report

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.file_validation_report import FileValidationReport  # noqa: PLC0415

        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
        id = d.pop("id")

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        created_at = d.pop("created_at", UNSET)

        filename = d.pop("filename", UNSET)

        bytes_ = d.pop("bytes", UNSET)

        _purpose = d.pop("purpose", UNSET)
        purpose: FilePurpose | Unset
        if _purpose is None or isinstance(_purpose, Unset):
            purpose = UNSET
        else:
            try:
                purpose = FilePurpose(_purpose)

            except (TypeError, ValueError, AttributeError, KeyError):
                d["purpose"] = _purpose
                purpose = UNSET

        def _parse_file_type(data: object) -> FileType | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                file_type_type_0 = FileType(data)

                return file_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["FileType"] = data
            return UNSET

        file_type = _parse_file_type(d.pop("FileType", UNSET))

        processed = d.pop("Processed", UNSET)

        def _parse_line_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        line_count = _parse_line_count(d.pop("LineCount", UNSET))

        def _parse_processing_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        processing_status = _parse_processing_status(d.pop("processing_status", UNSET))

        def _parse_validation_report(data: object) -> FileValidationReport | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                validation_report_type_0 = FileValidationReport.from_dict(data)

                return validation_report_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            d["validation_report"] = data
            return UNSET

        validation_report = _parse_validation_report(d.pop("validation_report", UNSET))

        file = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            filename=filename,
            bytes_=bytes_,
            purpose=purpose,
            file_type=file_type,
            processed=processed,
            line_count=line_count,
            processing_status=processing_status,
            validation_report=validation_report,
        )

        file.additional_properties = d
        return file

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
