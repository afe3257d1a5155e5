import { expected } from "@pixelmesh/errors";

const longestMs = 24 * 3_600_000;

/** A job's deadline in Unix milliseconds: what was asked for, or `defaultMs` from now for 0. Throws INVALID_ARGUMENT. */
export function parseDeadline(askedUnixMs: number, nowUnixMs: number, defaultMs: number): number {
  if (askedUnixMs === 0) return nowUnixMs + defaultMs;
  if (Number.isSafeInteger(askedUnixMs) && askedUnixMs > nowUnixMs && askedUnixMs <= nowUnixMs + longestMs)
    return askedUnixMs;
  throw expected("deadline_unix_ms", "0 or a Unix time in ms at most 24 hours ahead", askedUnixMs);
}
