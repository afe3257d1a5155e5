"""Failures of calls and jobs, with a reason from the closed list of the contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pixelmesh._reasons import RETRIED_BY_CLIENTS, RETRYABLE
from pixelmesh.errors.v1.errors_pb2 import ErrorReason
from pixelmesh.jobs.v1.job_pb2 import JobError

_DOMAIN = "pixelmesh"
_PREFIX = "ERROR_REASON_"
_BY_STATUS = {
    grpc.StatusCode.UNAVAILABLE: "SERVICE_UNAVAILABLE",
    grpc.StatusCode.CANCELLED: "SERVICE_UNAVAILABLE",
    grpc.StatusCode.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    grpc.StatusCode.UNAUTHENTICATED: "UNAUTHENTICATED",
    grpc.StatusCode.INVALID_ARGUMENT: "INVALID_ARGUMENT",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "QUEUE_FULL",
    grpc.StatusCode.UNIMPLEMENTED: "METHOD_UNIMPLEMENTED",
}


@dataclass(frozen=True)
class FieldViolation:
    """One wrong field of a request: its path, and what is wrong with it."""

    field: str
    description: str


@dataclass(eq=False)
class PixelmeshError(Exception):
    """A failure. `reason` is a name of the closed list (docs/reference/errors.md), `message` a text for people."""

    reason: str
    message: str
    #: Wrong fields of the request.
    fields: tuple[FieldViolation, ...] = ()
    #: Short machine-readable facts, such as the known names.
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: Time after which a repetition may help, in seconds.
    retry_after_s: float | None = None
    #: The job that failed; None for a failed call.
    job_id: str | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    @property
    def is_retryable(self) -> bool:
        """Whether the same call or job may succeed later."""
        return self.reason in RETRYABLE

    @property
    def is_retried_by_clients(self) -> bool:
        """Whether this client repeats an idempotent call that fails this way."""
        rule = RETRIED_BY_CLIENTS.get(self.reason)
        return rule == "always" or (rule == "after_retry_info" and self.retry_after_s is not None)


def from_rpc_error(error: grpc.RpcError) -> PixelmeshError:
    """Converts a failed call to an error with the mesh's reason, or with the reason closest to a bare status."""
    code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
    details = (error.details() if isinstance(error, grpc.Call) else None) or f"The call failed with {code.name}"
    result = PixelmeshError(_BY_STATUS.get(code, "INTERNAL"), details)
    status = rpc_status.from_call(error) if isinstance(error, grpc.Call) else None
    details_sent: Iterable[Any] = status.details if status is not None else ()
    for detail in details_sent:
        info, wrong, retry = (
            error_details_pb2.ErrorInfo(),
            error_details_pb2.BadRequest(),
            error_details_pb2.RetryInfo(),
        )
        if detail.Unpack(info) and info.domain == _DOMAIN:
            result.reason, result.metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(wrong):
            result.fields = tuple(FieldViolation(each.field, each.description) for each in wrong.field_violations)
        elif detail.Unpack(retry):
            result.retry_after_s = retry.retry_delay.ToTimedelta().total_seconds()
    return result


def from_job_error(job_id: str, error: JobError | None) -> PixelmeshError:
    """Converts the error of a job that failed or was cancelled."""
    if error is None:
        return PixelmeshError("CANCELLED", "The job was cancelled", job_id=job_id)
    name = ErrorReason.Name(error.reason) if error.reason in ErrorReason.values() else f"{_PREFIX}INTERNAL"
    return PixelmeshError(name.removeprefix(_PREFIX), error.message, job_id=job_id)
