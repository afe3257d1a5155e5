/** Which jobs need which blobs. Times are Unix milliseconds. */
export type Holds = {
  /**
   * A job needs a blob until `untilMs`. `keepUntilMs` is the life that the blob had before: where this process knows of no job
   * that asked for it, it is kept as it is when the job lets go.
   */
  add(sha256: string, jobId: string, untilMs: number, keepUntilMs: number): void;
  /** A life was asked for in nobody's name: it is not shortened. */
  pin(sha256: string, untilMs: number): void;
  isHeld(sha256: string, nowMs: number): boolean;
  /** A job lets go of some blobs, or of all; answers each with the life that others still ask for, 0 where none does. */
  release(jobId: string, digests?: readonly string[]): { readonly sha256: string; readonly untilMs: number }[];
  forget(sha256: string): void;
  /** Forgets the jobs whose time was over at `nowMs`, as of those whose release never came. */
  prune(nowMs: number): void;
};

type Hold = { pinnedMs: number; readonly jobs: Map<string, number> };

/**
 * Makes an empty memory of at most `max` holds. One that finds no room is pinned: it ends at its time only. After a restart
 * nothing is known, and what jobs had asked for before stands until its time.
 */
export function createHolds(max = 200_000): Holds {
  const byBlob = new Map<string, Hold>();
  const byJob = new Map<string, Set<string>>();
  let count = 0;

  function drop(sha256: string, jobId: string): void {
    if (!byBlob.get(sha256)?.jobs.delete(jobId)) return;
    count -= 1;
    const mine = byJob.get(jobId);
    mine?.delete(sha256);
    if (mine?.size === 0) byJob.delete(jobId);
  }
  const latest = ({ pinnedMs, jobs }: Hold) => Math.max(pinnedMs, ...jobs.values());

  return {
    add(sha256, jobId, untilMs, keepUntilMs) {
      const hold = byBlob.get(sha256) ?? { pinnedMs: keepUntilMs, jobs: new Map() };
      const known = hold.jobs.get(jobId);
      if (known === undefined && count >= max) {
        if (hold.jobs.size > 0) hold.pinnedMs = Math.max(hold.pinnedMs, untilMs);
        return;
      }
      byBlob.set(sha256, hold);
      hold.jobs.set(jobId, Math.max(known ?? 0, untilMs));
      if (known !== undefined) return;
      count += 1;
      byJob.set(jobId, (byJob.get(jobId) ?? new Set()).add(sha256));
    },
    pin(sha256, untilMs) {
      const hold = byBlob.get(sha256);
      if (hold) hold.pinnedMs = Math.max(hold.pinnedMs, untilMs);
    },
    isHeld: (sha256, nowMs) => [...(byBlob.get(sha256)?.jobs.values() ?? [])].some((untilMs) => untilMs >= nowMs),
    release(jobId, digests) {
      const mine = byJob.get(jobId) ?? new Set();
      return (digests ?? [...mine])
        .filter((sha256) => mine.has(sha256))
        .map((sha256) => {
          drop(sha256, jobId);
          const hold = byBlob.get(sha256);
          if (hold?.jobs.size === 0) byBlob.delete(sha256);
          return { sha256, untilMs: hold ? latest(hold) : 0 };
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
