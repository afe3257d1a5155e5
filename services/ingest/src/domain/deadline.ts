import { expected } from "@pixelmesh/errors";

const longestMs = 24 * 3_600_000;

/** What a caller says of a job's deadline: a Unix time, or the time from now; 0 where it says nothing. */
export type AskedDeadline = { readonly deadlineUnixMs: number; readonly deadlineAfterMs: number };

/**
 * A job's deadline in Unix milliseconds of this process's clock: what was asked for, or `defaultMs` from now. Throws
 * INVALID_ARGUMENT.
 */
export function parseDeadline(asked: AskedDeadline, nowUnixMs: number, defaultMs: number): number {
  const { deadlineUnixMs: askedUnixMs, deadlineAfterMs: afterMs } = asked;
  if (afterMs !== 0) {
    if (askedUnixMs !== 0) throw expected("deadline_after_ms", "0 where deadline_unix_ms is set", afterMs);
    if (Number.isSafeInteger(afterMs) && afterMs > 0 && afterMs <= longestMs) return nowUnixMs + afterMs;
    throw expected("deadline_after_ms", "0 or a time in ms of at most 24 hours", afterMs);
  }
  if (askedUnixMs === 0) return nowUnixMs + defaultMs;
  if (Number.isSafeInteger(askedUnixMs) && askedUnixMs > nowUnixMs && askedUnixMs <= nowUnixMs + longestMs)
    return askedUnixMs;
  throw expected("deadline_unix_ms", "0 or a Unix time in ms at most 24 hours ahead", askedUnixMs);
}
