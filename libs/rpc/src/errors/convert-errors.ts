import { AppError, type FieldViolation, isAbort, type Reason, reasons, toAppError } from "@pixelmesh/errors";
import { ClientError, ServerError, Status } from "nice-grpc-common";
import { BadRequest, ErrorInfo, RetryInfo, RichClientError, RichServerError } from "nice-grpc-error-details";
import { isRefused } from "../client/retry-refused.ts";
import { toRetryInfo } from "./error-details.ts";
import { domain, statusOf } from "./statuses.ts";

/**
 * Converts any failure of a handler to the error that is sent: status, text and google.rpc details. Never throws; never sends
 * the cause.
 */
export function toRpcError(error: unknown): ServerError {
  if (error instanceof RichServerError) return error;
  if (error instanceof ServerError) {
    // A library's handler threw it: keep its status.
    const reason = reasonOf(error.code);
    return new RichServerError(error.code, error.details, [ErrorInfo.fromPartial({ reason, domain })]);
  }
  const { reason, message, metadata, fields, retryAfterMs } = toAppError(error);
  return new RichServerError(statusOf(reason), message, [
    ErrorInfo.fromPartial({ reason, domain, metadata }),
    ...(fields.length > 0 ? [BadRequest.fromPartial({ fieldViolations: fields.map((field) => ({ ...field })) })] : []),
    ...(retryAfterMs === undefined ? [] : [toRetryInfo(retryAfterMs)]),
  ]);
}

/** Converts any failure of a call to an AppError with the server's reason, or with the reason closest to a bare status. */
export function fromRpcError(error: unknown): AppError {
  if (error instanceof AppError || isAbort(error)) return toAppError(error);
  if (!(error instanceof ClientError)) return toAppError(error);
  let reason: Reason | undefined;
  let metadata: Record<string, string> = {};
  let retryAfterMs = http2RetryMs(error);
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

/** Time after which to repeat a call that HTTP/2 alone failed: its stream was refused, or was reset because nothing read it. */
function http2RetryMs(error: ClientError): number | undefined {
  if (isRefused(error)) return 100;
  const isReset = error.details === "Bandwidth exhausted or memory limit exceeded";
  return error.code === Status.RESOURCE_EXHAUSTED && isReset ? 1_000 : undefined;
}

/** Returns the reason closest to a bare status, which grpc-js or a proxy sent. */
function reasonOf(code: Status): Reason {
  if (code === Status.UNAVAILABLE) return "SERVICE_UNAVAILABLE";
  if (code === Status.DEADLINE_EXCEEDED) return "DEADLINE_EXCEEDED";
  // Our own cancellation is an AbortError. Here the other side dropped the call, as a killed process does.
  if (code === Status.CANCELLED) return "SERVICE_UNAVAILABLE";
  if (code === Status.UNAUTHENTICATED) return "UNAUTHENTICATED";
  if (code === Status.INVALID_ARGUMENT) return "INVALID_ARGUMENT";
  if (code === Status.RESOURCE_EXHAUSTED) return "QUEUE_FULL";
  if (code === Status.UNIMPLEMENTED) return "METHOD_UNIMPLEMENTED";
  return "INTERNAL";
}
