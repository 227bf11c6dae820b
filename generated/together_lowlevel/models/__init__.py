"""Contains all the data models used in inputs/outputs"""

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
