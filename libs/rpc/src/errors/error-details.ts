import type { Reason } from "@pixelmesh/errors";
import type { ServerError } from "nice-grpc-common";
import { Any, BadRequest, ErrorInfo, RetryInfo, RichServerError } from "nice-grpc-error-details";
import { Status as RpcStatus } from "nice-grpc-error-details/lib/proto/google/rpc/status.js";
import { domain, statusOf } from "./statuses.ts";

/** The metadata key of google.rpc details. */
export const detailsKey = "grpc-status-details-bin";

/** A google.rpc detail that our services send. */
export type ErrorDetail = ErrorInfo | BadRequest | RetryInfo;

const typePrefix = "type.googleapis.com/";

/** Encodes a failure as the google.rpc.Status of `grpc-status-details-bin`, for calls that no handler sees. */
export function encodeDetails(reason: Reason, message: string, retryAfterMs?: number): Uint8Array {
  const details: ErrorDetail[] = [ErrorInfo.fromPartial({ reason, domain })];
  if (retryAfterMs !== undefined) details.push(toRetryInfo(retryAfterMs));
  return encodeStatus(statusOf(reason), message, details);
}

/** Encodes the details of a failure that `toRpcError` made; undefined for one without details. */
export function toDetails(failure: ServerError): Uint8Array | undefined {
  if (!(failure instanceof RichServerError)) return undefined;
  return encodeStatus(failure.code, failure.details, failure.extra as ErrorDetail[]);
}

/** Decodes the google.rpc details of a failed call. Leaves out those that our services do not send, and bytes that are no details. */
export function decodeDetails(bytes: Uint8Array): ErrorDetail[] {
  try {
    return RpcStatus.decode(bytes).details.flatMap(({ typeUrl, value }): ErrorDetail[] => {
      const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
      if (type === ErrorInfo.$type) return [ErrorInfo.decode(value)];
      if (type === BadRequest.$type) return [BadRequest.decode(value)];
      return type === RetryInfo.$type ? [RetryInfo.decode(value)] : [];
    });
  } catch {
    return [];
  }
}

/** Returns a RetryInfo for a time in milliseconds. */
export function toRetryInfo(ms: number): RetryInfo {
  return RetryInfo.fromPartial({ retryDelay: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 } });
}

function encodeStatus(code: number, message: string, details: readonly ErrorDetail[]): Uint8Array {
  const toAny = (detail: ErrorDetail) => Any.fromPartial({ typeUrl: typePrefix + detail.$type, value: encode(detail) });
  return RpcStatus.encode(RpcStatus.fromPartial({ code, message, details: details.map(toAny) })).finish();
}

function encode(detail: ErrorDetail): Uint8Array {
  if (detail.$type === ErrorInfo.$type) return ErrorInfo.encode(detail).finish();
  if (detail.$type === BadRequest.$type) return BadRequest.encode(detail).finish();
  return RetryInfo.encode(detail).finish();
}
