"""Contains all the data models used in inputs/outputs"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .abort_multipart_request import AbortMultipartRequest
    from .abort_multipart_response import AbortMultipartResponse
    from .batch_error import BatchError
    from .batch_job import BatchJob
    from .batch_job_status import BatchJobStatus
    from .complete_multipart_request import CompleteMultipartRequest
    from .complete_multipart_response import CompleteMultipartResponse
    from .completed_part import CompletedPart
    from .create_batch_request import CreateBatchRequest
    from .create_batch_response import CreateBatchResponse
    from .file import File
    from .file_deleted import FileDeleted
    from .file_error import FileError
    from .file_error_detail import FileErrorDetail
    from .file_exists import FileExists
    from .file_list import FileList
    from .file_purpose import FilePurpose
    from .file_type import FileType
    from .file_validation_report import FileValidationReport
    from .initiate_multipart_request import InitiateMultipartRequest
    from .multipart_part import MultipartPart
    from .multipart_upload import MultipartUpload
    from .part_headers import PartHeaders
    from .start_upload_request import StartUploadRequest
    from .upload_file_request import UploadFileRequest

_MODULES = {
    "AbortMultipartRequest": ".abort_multipart_request",
    "AbortMultipartResponse": ".abort_multipart_response",
    "BatchError": ".batch_error",
    "BatchJob": ".batch_job",
    "BatchJobStatus": ".batch_job_status",
    "CompleteMultipartRequest": ".complete_multipart_request",
    "CompleteMultipartResponse": ".complete_multipart_response",
    "CompletedPart": ".completed_part",
    "CreateBatchRequest": ".create_batch_request",
    "CreateBatchResponse": ".create_batch_response",
    "File": ".file",
    "FileDeleted": ".file_deleted",
    "FileError": ".file_error",
    "FileErrorDetail": ".file_error_detail",
    "FileExists": ".file_exists",
    "FileList": ".file_list",
    "FilePurpose": ".file_purpose",
    "FileType": ".file_type",
    "FileValidationReport": ".file_validation_report",
    "InitiateMultipartRequest": ".initiate_multipart_request",
    "MultipartPart": ".multipart_part",
    "MultipartUpload": ".multipart_upload",
    "PartHeaders": ".part_headers",
    "StartUploadRequest": ".start_upload_request",
    "UploadFileRequest": ".upload_file_request",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
        return value


__all__ = (
    "AbortMultipartRequest",
    "AbortMultipartResponse",
    "BatchError",
    "BatchJob",
    "BatchJobStatus",
    "CompletedPart",
    "CompleteMultipartRequest",
    "CompleteMultipartResponse",
    "CreateBatchRequest",
    "CreateBatchResponse",
    "File",
    "FileDeleted",
    "FileError",
    "FileErrorDetail",
    "FileExists",
    "FileList",
    "FilePurpose",
    "FileType",
    "FileValidationReport",
    "InitiateMultipartRequest",
    "MultipartPart",
    "MultipartUpload",
    "PartHeaders",
    "StartUploadRequest",
    "UploadFileRequest",
)
