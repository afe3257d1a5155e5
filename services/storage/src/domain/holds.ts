/** Holds: which jobs need which blobs, and until when. Times are Unix milliseconds. */
export type Holds = {
  /**
   * A job needs a blob until `untilMs`. `keepUntilMs` is the blob's lifetime before: if this process knows no job that asked for it,
   * it is not shortened when the job releases the blob.
   */
  add(sha256: string, jobId: string, untilMs: number, keepUntilMs: number): void;
  /** A call without a job asked for a lifetime, so it is not shortened. */
  pin(sha256: string, untilMs: number): void;
  isHeld(sha256: string, nowMs: number): boolean;
  /** Ends a job's holds of some blobs, or of all. Returns each blob with the lifetime that is still asked for, 0 if none is. */
  release(jobId: string, digests?: readonly string[]): { readonly sha256: string; readonly untilMs: number }[];
  forget(sha256: string): void;
  /** Removes expired holds: those of jobs that were never released. */
  prune(nowMs: number): void;
};

type BlobHolds = { pinnedMs: number; readonly jobs: Map<string, number> };

/**
 * Creates an empty table of at most `max` holds. A hold beyond that pins its blob, which then stays until its time. A restart loses all
 * holds; blobs that jobs had asked for before it stay until their time.
 */
export function createHolds(max = 200_000): Holds {
  const byBlob = new Map<string, BlobHolds>();
  const digestsByJob = new Map<string, Set<string>>();
  let count = 0;

  function drop(sha256: string, jobId: string): void {
    if (!byBlob.get(sha256)?.jobs.delete(jobId)) return;
    count -= 1;
    const digests = digestsByJob.get(jobId);
    digests?.delete(sha256);
    if (digests?.size === 0) digestsByJob.delete(jobId);
  }
  const latest = ({ pinnedMs, jobs }: BlobHolds) => Math.max(pinnedMs, ...jobs.values());

  return {
    add(sha256, jobId, untilMs, keepUntilMs) {
      const holds = byBlob.get(sha256) ?? { pinnedMs: keepUntilMs, jobs: new Map() };
      const known = holds.jobs.get(jobId);
      if (known === undefined && count >= max) {
        if (holds.jobs.size > 0) holds.pinnedMs = Math.max(holds.pinnedMs, untilMs);
        return;
      }
      byBlob.set(sha256, holds);
      holds.jobs.set(jobId, Math.max(known ?? 0, untilMs));
      if (known !== undefined) return;
      count += 1;
      digestsByJob.set(jobId, (digestsByJob.get(jobId) ?? new Set()).add(sha256));
    },
    pin(sha256, untilMs) {
      const holds = byBlob.get(sha256);
      if (holds) holds.pinnedMs = Math.max(holds.pinnedMs, untilMs);
    },
    isHeld: (sha256, nowMs) => [...(byBlob.get(sha256)?.jobs.values() ?? [])].some((untilMs) => untilMs >= nowMs),
    release(jobId, digests) {
      const held = digestsByJob.get(jobId) ?? new Set();
      return (digests ?? [...held])
        .filter((sha256) => held.has(sha256))
        .map((sha256) => {
          drop(sha256, jobId);
          const holds = byBlob.get(sha256);
          if (holds?.jobs.size === 0) byBlob.delete(sha256);
          return { sha256, untilMs: holds ? latest(holds) : 0 };
        });
    },
    forget(sha256) {
      for (const jobId of [...(byBlob.get(sha256)?.jobs.keys() ?? [])]) drop(sha256, jobId);
      byBlob.delete(sha256);
    },
    prune(nowMs) {
      for (const [sha256, { jobs }] of byBlob) {
        for (const [jobId, untilMs] of jobs) if (untilMs < nowMs) drop(sha256, jobId);
        if (jobs.size === 0) byBlob.delete(sha256);
      }
    },
  };
}
