import type { StoredJob } from "../stores/job-store.ts";

/** A record that this replica wrote, and when, by `performance.now()`. */
export type RecentRecord = { readonly job: StoredJob; readonly writtenMs: number };

/** The records that this replica wrote within the last half second. */
export type RecentRecords = {
  add(job: StoredJob): void;
  /** Another replica wrote a newer record: forgets an older one. */
  outdate(jobId: string, revision: number): void;
  find(jobId: string): RecentRecord | undefined;
};

/** A client watches a job right after creating it. A shorter time than `refreshMs`, after which every watch reads the record. */
const recentMs = 500;
const maxRecords = 1_000;

/** Creates an empty store of at most 1,000 records. */
export function createRecentRecords(now: () => number = () => performance.now()): RecentRecords {
  const records = new Map<string, RecentRecord>();

  /** A map keeps the order of insertion, so its first entries are the oldest. */
  function dropOld(nowMs: number): void {
    for (const [jobId, { writtenMs }] of records) {
      if (records.size <= maxRecords && nowMs - writtenMs < recentMs) return;
      records.delete(jobId);
    }
  }

  return {
    add(job) {
      const nowMs = now();
      records.delete(job.spec.jobId);
      records.set(job.spec.jobId, { job, writtenMs: nowMs });
      dropOld(nowMs);
    },
    outdate(jobId, revision) {
      const known = records.get(jobId);
      if (known && (revision === 0 || revision > known.job.revision)) records.delete(jobId);
    },
    find(jobId) {
      dropOld(now());
      return records.get(jobId);
    },
  };
}
