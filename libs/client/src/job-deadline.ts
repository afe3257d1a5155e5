import { expected } from "@pixelmesh/errors";

/**
 * Converts a job's deadline to Unix milliseconds; 0 means the mesh's default. Throws INVALID_ARGUMENT for an invalid or passed date. With a
 * request id of the caller's, a passed date is allowed: the call may repeat an earlier one, and the mesh knows whether it has the job.
 */
export function toDeadlineUnixMs(deadline: Date | undefined, requestId: string | undefined, nowUnixMs: number): number {
  if (deadline === undefined) return 0;
  const unixMs = deadline instanceof Date ? deadline.getTime() : Number.NaN;
  const isAhead = unixMs > (requestId === undefined ? nowUnixMs : 0);
  if (isAhead) return unixMs;
  throw expected(
    "deadline",
    "a date that is ahead",
    Number.isNaN(unixMs) ? String(deadline) : new Date(unixMs).toISOString(),
  );
}
