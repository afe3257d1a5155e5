import { AppError } from "@pixelmesh/errors";

/** Time after which to repeat a request that found no ingest, in milliseconds. */
const retryAfterMs = 1_000;

/**
 * Names ingest in the failure of a call that no process of it answered; grpc-js's text names connections and addresses. Returns other failures, which have
 * the details that our services send, unchanged.
 */
export function toNamedFailure(error: AppError): AppError {
  if (error.reason !== "SERVICE_UNAVAILABLE" || hasDetails(error.cause)) return error;
  return new AppError(error.reason, "The ingest service does not answer; repeat the request", {
    retryAfterMs,
    cause: error,
  });
}

/** Whether a failed call has details of google.rpc, which nice-grpc keeps in `extra`. Failures that are no failed calls count as detailed. */
function hasDetails(cause: unknown): boolean {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return true;
  return "extra" in cause && Array.isArray(cause.extra) && cause.extra.length > 0;
}
