import { type Bus, type EvictableBucket, sequenceOf } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { isStepEnded } from "@pixelmesh/pipeline";
import { type JobStore, recordKey, specKey } from "../stores/job-store.ts";
import type { OpenJob } from "../stores/open-jobs.ts";

/** The entries of a bucket that open jobs need, and a floor for each job: a sequence below which it has no entry. */
export type LiveKeys = {
  /** Returns the keys of a job in a bucket, in the order in which they are written; none if the job cannot be decoded. */
  keysOf(bucket: EvictableBucket, job: OpenJob): Promise<string[]>;
  /**
   * Returns the floor of a job. `lastSequence` was the newest of the bucket before the jobs were listed. If the broker finds no entry
   * of a job that had some, the last floor still holds.
   */
  floorOf(bucket: EvictableBucket, job: OpenJob, belowSequence: number, lastSequence: number): Promise<number>;
  /** Sets the floor of a job whose entries were written again. */
  raise(bucket: EvictableBucket, job: OpenJob, floor: number): void;
  /** Drops the floors of jobs that are not among the open ones. */
  retain(jobs: readonly OpenJob[]): void;
};

/**
 * Caches floors. Sequences only grow, so a floor stays valid, and a pass over a bucket reads each open job once, however many steps
 * the pass takes.
 */
export function createLiveKeys(bus: Bus, store: Pick<JobStore, "find">): LiveKeys {
  const floors: Record<EvictableBucket, Map<string, number>> = {
    jobs: new Map(),
    results: new Map(),
  };

  async function keysOf(bucket: EvictableBucket, { jobId, tenant }: OpenJob): Promise<string[]> {
    if (bucket === "jobs") return [specKey(tenant, jobId), recordKey(jobId)];
    const job = await orUndecodable(store.find(jobId));
    const open = job?.record.steps.filter(({ state, resultKey }) => !isStepEnded(state) && resultKey !== "") ?? [];
    return open.map(({ resultKey }) => resultKey);
  }

  return {
    keysOf,
    async floorOf(bucket, job, belowSequence, lastSequence) {
      const known = floors[bucket].get(job.jobId) ?? 0;
      if (known >= belowSequence) return known;
      const keys = await keysOf(bucket, job);
      const found = await Promise.all(keys.map((key) => sequenceOf(bus, bucket, key)));
      const sequences = found.filter((sequence) => sequence !== undefined);
      if (bucket === "jobs" && sequences.length === 0 && known > 0) return known;
      const floor = Math.min(lastSequence + 1, ...sequences);
      floors[bucket].set(job.jobId, floor);
      return floor;
    },
    raise: (bucket, { jobId }, floor) => void floors[bucket].set(jobId, floor),
    retain(jobs) {
      const open = new Set(jobs.map(({ jobId }) => jobId));
      for (const ofBucket of Object.values(floors))
        for (const jobId of ofBucket.keys()) if (!open.has(jobId)) ofBucket.delete(jobId);
    },
  };
}

/** Returns undefined for stored bytes that cannot be decoded. */
async function orUndecodable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (toAppError(error).reason === "MALFORMED_MESSAGE") return undefined;
    throw error;
  }
}
