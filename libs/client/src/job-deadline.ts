import { expected } from "@pixelmesh/errors";

/**
 * The deadline of a job in Unix milliseconds; 0, which means the mesh's own, where none is given. Throws INVALID_ARGUMENT for no valid
 * date, and for one that has passed. A repeat under its own request id may come later than that: the mesh knows whether it has the job.
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
