import { JetStreamApiError } from "@nats-io/jetstream";
import { AppError } from "@pixelmesh/errors";

/** Awaits a request and throws its failure as BROKER_UNAVAILABLE or QUEUE_FULL. */
export async function translate<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** Converts the failure of a request to QUEUE_FULL if the broker's store is full, else to BROKER_UNAVAILABLE. The caller may retry both. */
export function toBrokerError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const full = cause instanceof JetStreamApiError && /maximum|insufficient/.test(cause.message);
  if (full) return new AppError("QUEUE_FULL", "The broker's store is full", { cause, retryAfterMs: 2_000 });
  return new AppError("BROKER_UNAVAILABLE", "The broker did not confirm the request", { cause, retryAfterMs: 1_000 });
}
