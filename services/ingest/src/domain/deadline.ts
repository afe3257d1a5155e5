import { expected } from "@pixelmesh/errors";

const longestMs = 24 * 3_600_000;

/** A requested deadline: a Unix time, or a time from now. Both are 0 if the caller gives none. */
export type RequestedDeadline = { readonly deadlineUnixMs: number; readonly deadlineAfterMs: number };

/**
 * Returns a job's deadline in Unix milliseconds of this process's clock: the requested one, or `defaultMs` from now. Throws
 * INVALID_ARGUMENT.
 */
export function parseDeadline(requested: RequestedDeadline, nowUnixMs: number, defaultMs: number): number {
  const { deadlineUnixMs: unixMs, deadlineAfterMs: afterMs } = requested;
  if (afterMs !== 0) {
    if (unixMs !== 0) throw expected("deadline_after_ms", "0 where deadline_unix_ms is set", afterMs);
    if (Number.isSafeInteger(afterMs) && afterMs > 0 && afterMs <= longestMs) return nowUnixMs + afterMs;
    throw expected("deadline_after_ms", "0 or a time in ms of at most 24 hours", afterMs);
  }
  if (unixMs === 0) return nowUnixMs + defaultMs;
  if (Number.isSafeInteger(unixMs) && unixMs > nowUnixMs && unixMs <= nowUnixMs + longestMs) return unixMs;
  throw expected("deadline_unix_ms", "0 or a Unix time in ms at most 24 hours ahead", unixMs);
}
