import { AppError, type FieldViolation, isAbort, type Reason, reasons, toAppError } from "@pixelmesh/errors";
import { ClientError, ServerError, Status } from "nice-grpc-common";
import { Any, BadRequest, ErrorInfo, RetryInfo, RichClientError, RichServerError } from "nice-grpc-error-details";
import { Status as RpcStatus } from "nice-grpc-error-details/lib/proto/google/rpc/status.js";
import { isRefused } from "./refused.ts";

const domain = "pixelmesh";

/** The metadata in which google.rpc details travel. */
export const detailsKey = "grpc-status-details-bin";

const statuses: Readonly<Record<Reason, Status>> = {
  INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
  INVALID_PIPELINE: Status.INVALID_ARGUMENT,
  UNKNOWN_OPERATION: Status.NOT_FOUND,
  UNKNOWN_MODEL: Status.NOT_FOUND,
  UNKNOWN_EFFECT: Status.NOT_FOUND,
  REQUEST_ID_REUSED: Status.ALREADY_EXISTS,
  REQUEST_TOO_LARGE: Status.INVALID_ARGUMENT,
  PIPELINE_TOO_LARGE: Status.INVALID_ARGUMENT,
  UNAUTHENTICATED: Status.UNAUTHENTICATED,
  IMAGE_EMPTY: Status.INVALID_ARGUMENT,
  IMAGE_TYPE_UNSUPPORTED: Status.INVALID_ARGUMENT,
  IMAGE_CORRUPT: Status.INVALID_ARGUMENT,
  IMAGE_TRUNCATED: Status.INVALID_ARGUMENT,
  IMAGE_TOO_MANY_BYTES: Status.INVALID_ARGUMENT,
  IMAGE_TOO_MANY_PIXELS: Status.INVALID_ARGUMENT,
  IMAGE_SIDE_TOO_LONG: Status.INVALID_ARGUMENT,
  IMAGE_TOO_MANY_FRAMES: Status.INVALID_ARGUMENT,
  OUTPUT_TOO_LARGE: Status.INVALID_ARGUMENT,
  DIGEST_MISMATCH: Status.INVALID_ARGUMENT,
  JOB_NOT_FOUND: Status.NOT_FOUND,
  OUTPUT_NOT_FOUND: Status.NOT_FOUND,
  OUTPUT_NOT_READY: Status.FAILED_PRECONDITION,
  OUTPUT_EXPIRED: Status.NOT_FOUND,
  BLOB_NOT_FOUND: Status.NOT_FOUND,
  BLOB_CORRUPT: Status.DATA_LOSS,
  DEAD_LETTER_NOT_FOUND: Status.NOT_FOUND,
  UNKNOWN_SERVICE: Status.NOT_FOUND,
  METHOD_UNIMPLEMENTED: Status.UNIMPLEMENTED,
  TOO_MANY_JOBS: Status.RESOURCE_EXHAUSTED,
  QUEUE_FULL: Status.RESOURCE_EXHAUSTED,
  STORAGE_FULL: Status.RESOURCE_EXHAUSTED,
  NO_DEVICE_FITS: Status.FAILED_PRECONDITION,
  OUT_OF_MEMORY: Status.RESOURCE_EXHAUSTED,
  MEMORY_PRESSURE: Status.RESOURCE_EXHAUSTED,
  CANCELLED: Status.CANCELLED,
  DEADLINE_EXCEEDED: Status.DEADLINE_EXCEEDED,
  POISON: Status.ABORTED,
  SERVICE_UNAVAILABLE: Status.UNAVAILABLE,
  BROKER_UNAVAILABLE: Status.UNAVAILABLE,
  STOPPING: Status.UNAVAILABLE,
  MODEL_UNAVAILABLE: Status.FAILED_PRECONDITION,
  MODEL_INVALID: Status.FAILED_PRECONDITION,
  INFERENCE_FAILED: Status.INTERNAL,
  RESULT_INVALID: Status.INTERNAL,
  MALFORMED_MESSAGE: Status.INVALID_ARGUMENT,
  GRANT_EXPIRED: Status.ABORTED,
  STORAGE_UNAVAILABLE: Status.UNAVAILABLE,
  INTERNAL: Status.INTERNAL,
};

/** The gRPC status of a reason. */
export function statusOf(reason: Reason): Status {
  return statuses[reason];
}

/** Any failure of a handler as what is sent: status, text and google.rpc details. Total; the cause is never sent. */
export function toRpcError(error: unknown): ServerError {
  if (error instanceof RichServerError) return error;
  if (error instanceof ServerError) {
    // Of a library's handler: its status counts.
    const reason = reasonOf(error.code);
    return new RichServerError(error.code, error.details, [ErrorInfo.fromPartial({ reason, domain })]);
  }
  const { reason, message, metadata, fields, retryAfterMs } = toAppError(error);
  return new RichServerError(statuses[reason], message, [
    ErrorInfo.fromPartial({ reason, domain, metadata }),
    ...(fields.length > 0 ? [BadRequest.fromPartial({ fieldViolations: fields.map((field) => ({ ...field })) })] : []),
    ...(retryAfterMs === undefined ? [] : [RetryInfo.fromPartial({ retryDelay: toProtoDuration(retryAfterMs) })]),
  ]);
}

/** A failure as the google.rpc.Status that travels in `grpc-status-details-bin`, for where no middleware writes it. */
export function encodeDetails(reason: Reason, message: string, retryAfterMs?: number): Uint8Array {
  const toAny = (type: string, value: Uint8Array) => Any.fromPartial({ typeUrl: `type.googleapis.com/${type}`, value });
  const details = [toAny(ErrorInfo.$type, ErrorInfo.encode(ErrorInfo.fromPartial({ reason, domain })).finish())];
  if (retryAfterMs !== undefined) {
    const retry = RetryInfo.fromPartial({ retryDelay: toProtoDuration(retryAfterMs) });
    details.push(toAny(RetryInfo.$type, RetryInfo.encode(retry).finish()));
  }
  return RpcStatus.encode(RpcStatus.fromPartial({ code: statuses[reason], message, details })).finish();
}

/** Any failure of a call as an AppError with the reason the server gave, or the closest one to a bare status. */
export function fromRpcError(error: unknown): AppError {
  if (error instanceof AppError || isAbort(error)) return toAppError(error);
  if (!(error instanceof ClientError)) return toAppError(error);
  let reason: Reason | undefined;
  let metadata: Record<string, string> = {};
  let retryAfterMs = reasonlessRetryMs(error);
  const fields: FieldViolation[] = [];
  for (const detail of error instanceof RichClientError ? error.extra : []) {
    if (detail.$type === ErrorInfo.$type && detail.domain === domain) {
      reason = reasons.find((known) => known === detail.reason);
      metadata = detail.metadata;
    } else if (detail.$type === BadRequest.$type) {
      fields.push(...detail.fieldViolations.map(({ field, description }) => ({ field, description })));
    } else if (detail.$type === RetryInfo.$type && detail.retryDelay) {
      retryAfterMs = Number(detail.retryDelay.seconds) * 1000 + Math.round(detail.retryDelay.nanos / 1e6);
    }
  }
  return new AppError(reason ?? reasonOf(error.code), error.details || `Call failed with ${Status[error.code]}`, {
    metadata,
    fields,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** When to repeat a call that failed by HTTP/2 alone: a refused stream, or one that was reset because it was not read. */
function reasonlessRetryMs(error: ClientError): number | undefined {
  if (isRefused(error)) return 100;
  const isReset = error.details === "Bandwidth exhausted or memory limit exceeded";
  return error.code === Status.RESOURCE_EXHAUSTED && isReset ? 1_000 : undefined;
}

/** What a bare status (from grpc itself, or a proxy) means. */
function reasonOf(code: Status): Reason {
  if (code === Status.UNAVAILABLE) return "SERVICE_UNAVAILABLE";
  if (code === Status.DEADLINE_EXCEEDED) return "DEADLINE_EXCEEDED";
  // Our own cancelling is an AbortError: here the other side let the call go without a word, as a killed process does.
  if (code === Status.CANCELLED) return "SERVICE_UNAVAILABLE";
  if (code === Status.UNAUTHENTICATED) return "UNAUTHENTICATED";
  if (code === Status.INVALID_ARGUMENT) return "INVALID_ARGUMENT";
  if (code === Status.RESOURCE_EXHAUSTED) return "QUEUE_FULL";
  if (code === Status.UNIMPLEMENTED) return "METHOD_UNIMPLEMENTED";
  return "INTERNAL";
}

function toProtoDuration(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
