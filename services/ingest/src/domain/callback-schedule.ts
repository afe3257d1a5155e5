import { type CallbackEntry, CallbackState } from "@pixelmesh/proto";

/** How an attempt ended. */
export type AttemptResult = {
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** Value of the header `Retry-After`. */
  readonly retryAfter?: string | undefined;
  /** Why there was no answer; empty with one. */
  readonly failure: string;
};

/** The labels of an attempt's outcome in `pixelmesh_callback_attempts_total`. */
export type AttemptOutcome = "delivered" | "failed" | "gone" | "given_up";

/** Longest pause that a receiver may ask for, in milliseconds: the entry of the callback outlives it. */
const maxRetryAfterMs = 24 * 3_600_000;
const jitterShare = 0.1;
const maxErrorLength = 200;
const gone = 410;

/**
 * Returns the entry after an attempt. `retryAfterMs` are the pauses after the first, second, … failed attempt; one more attempt than pauses is made.
 * A pause varies by ±10 % with `random` (0 to 1), and is longer if `Retry-After` asks for it. Status 410 ends the callback, as Standard Webhooks says.
 */
export function afterAttempt(
  entry: CallbackEntry,
  { status, retryAfter, failure }: AttemptResult,
  times: { readonly nowUnixMs: number; readonly random: number; readonly retryAfterMs: readonly number[] },
): { readonly entry: CallbackEntry; readonly outcome: AttemptOutcome } {
  const { nowUnixMs, random, retryAfterMs } = times;
  const attempts = entry.attempts + 1;
  const tried: CallbackEntry = { ...entry, attempts, lastStatus: status, lastError: "", nextAttemptUnixMs: 0 };
  if (status >= 200 && status <= 299)
    return { entry: { ...tried, state: CallbackState.DELIVERED, deliveredUnixMs: nowUnixMs }, outcome: "delivered" };
  const failed = { ...tried, lastError: (failure || `HTTP status ${status}`).slice(0, maxErrorLength) };
  const pauseMs = retryAfterMs[attempts - 1];
  if (status === gone) return { entry: { ...failed, state: CallbackState.FAILED }, outcome: "gone" };
  if (pauseMs === undefined) return { entry: { ...failed, state: CallbackState.FAILED }, outcome: "given_up" };
  const ownMs = Math.round(pauseMs * (1 + jitterShare * (2 * random - 1)));
  const waitMs = Math.max(ownMs, parseRetryAfter(retryAfter, nowUnixMs));
  return { entry: { ...failed, nextAttemptUnixMs: nowUnixMs + waitMs }, outcome: "failed" };
}

/** Returns the entry of a callback that is made again from its first attempt. */
export function afterRetry(entry: CallbackEntry, nowUnixMs: number): CallbackEntry {
  const times = { queuedUnixMs: nowUnixMs, nextAttemptUnixMs: nowUnixMs, deliveredUnixMs: 0 };
  return { ...entry, state: CallbackState.PENDING, attempts: 0, ...times };
}

/** Returns the pause that `Retry-After` asks for (RFC 9110: seconds or a date), at most a day; 0 without one. */
function parseRetryAfter(value: string | undefined, nowUnixMs: number): number {
  if (value === undefined) return 0;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowUnixMs;
  return Math.min(maxRetryAfterMs, Math.max(0, ms || 0));
}
