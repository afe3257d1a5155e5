import { AppError, isRetryable as isRetryableReason } from "@pixelmesh/errors";

/**
 * Whether the same call or job may succeed later, such as while a part of the mesh does not answer or is full. Calls of the SDK have been retried for
 * `retryTimeoutMs` before they fail; `error.retryAfterMs` says how long to wait.
 */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError && isRetryableReason(error.reason);
}
