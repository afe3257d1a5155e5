import { type Bus, type KeptBucket, sequenceOf } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { isStepEnded } from "@pixelmesh/pipeline";
import { type JobStore, recordKey, requestKey, specKey } from "../stores/job-store.ts";
import type { OpenJob } from "../stores/open-jobs.ts";

/** Which entries of a bucket unfinished jobs need, and below which sequence a job has none. */
export type LiveKeys = {
  /** Keys of a job in a bucket, in the order in which they are written; none where the job cannot be read. */
  keysOf(bucket: KeptBucket, job: OpenJob): Promise<string[]>;
  /**
   * A job has no entry below the answer. `lastSequence` was the newest of the bucket before the job was listed. An open job that had
   * entries has some: where none is found, its last floor holds.
   */
  floorOf(bucket: KeptBucket, job: OpenJob, belowSequence: number, lastSequence: number): Promise<number>;
  /** Every entry of a job lies at or above this from now on. */
  raise(bucket: KeptBucket, job: OpenJob, floor: number): void;
  /** Forgets jobs that are no longer open. */
  retain(jobs: readonly OpenJob[]): void;
};

/**
 * Sequences only grow, so a job that was once found to have nothing below a sequence is not read again: a pass over a bucket
 * reads each open job once, however many steps it takes.
 */
export function createLiveKeys(bus: Bus, store: JobStore): LiveKeys {
  const floors: Record<KeptBucket, Map<string, number>> = {
    jobs: new Map(),
    requests: new Map(),
    results: new Map(),
  };

  async function keysOf(bucket: KeptBucket, { jobId, tenant }: OpenJob): Promise<string[]> {
    if (bucket === "jobs") return [specKey(tenant, jobId), recordKey(jobId)];
    if (bucket === "requests") {
      const spec = await orUnreadable(store.findSpec(jobId, tenant));
      return spec && spec.requestId !== "" ? [requestKey(tenant, spec.requestId)] : [];
    }
    const job = await orUnreadable(store.find(jobId));
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

/** What cannot be decoded names no keys. */
async function orUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (toAppError(error).reason === "MALFORMED_MESSAGE") return undefined;
    throw error;
  }
}
