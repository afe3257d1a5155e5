import { type GrpcStatusName, grpcStatusOf, type Reason } from "@pixelmesh/errors";

/** HTTP statuses of gRPC statuses, as google.rpc.Code lists them; 409 for a precondition, because the state of a thing conflicts with the request. */
const byStatus: Readonly<Record<GrpcStatusName, number>> = {
  CANCELLED: 409,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
};

/** Reasons for which HTTP has a more exact status (RFC 9110, RFC 4918). */
const byReason: Partial<Record<Reason, number>> = {
  REQUEST_TOO_LARGE: 413,
  PIPELINE_TOO_LARGE: 413,
  IMAGE_TOO_MANY_BYTES: 413,
  IMAGE_TYPE_UNSUPPORTED: 415,
  IMAGE_EMPTY: 422,
  IMAGE_CORRUPT: 422,
  IMAGE_TRUNCATED: 422,
  IMAGE_TOO_MANY_PIXELS: 422,
  IMAGE_SIDE_TOO_LONG: 422,
  IMAGE_TOO_MANY_FRAMES: 422,
  OUTPUT_TOO_LARGE: 422,
  LOW_CONFIDENCE: 422,
  OUTPUT_EXPIRED: 410,
  STORAGE_FULL: 507,
};

/** Returns the HTTP status of a reason. */
export function httpStatusOf(reason: Reason): number {
  return byReason[reason] ?? byStatus[grpcStatusOf(reason)];
}
