import { JetStreamApiError } from "@nats-io/jetstream";
import { AppError } from "@pixelmesh/errors";

/** A request whose failure is told as BROKER_UNAVAILABLE or QUEUE_FULL. */
export async function translate<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** A failed request as BROKER_UNAVAILABLE: repeating it is safe and is up to the caller. */
export function toBrokerError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const full = cause instanceof JetStreamApiError && /maximum|insufficient/.test(cause.message);
  if (full) return new AppError("QUEUE_FULL", "The broker has no room for more", { cause, retryAfterMs: 2_000 });
  return new AppError("BROKER_UNAVAILABLE", "The broker did not confirm the request", { cause, retryAfterMs: 1_000 });
}
