from ..tolerant import OpenEnum


class BatchJobStatus(OpenEnum):
    CANCELING = "CANCELING"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    IN_PROGRESS = "IN_PROGRESS"
    VALIDATING = "VALIDATING"

    def __str__(self) -> str:
        return str(self.value)
