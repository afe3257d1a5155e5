import { isJobEnded } from "@pixelmesh/pipeline";
import { LRUCache } from "lru-cache";
import type { StoredJob } from "./job-store.ts";

/** Unfinished jobs as this replica last wrote them. An entry may be stale: another replica may have written since. */
export type JobCache = {
  get(jobId: string): StoredJob | undefined;
  set(job: StoredJob): void;
  remove(jobId: string): void;
};

const maxSteps = 4_000;

/** Creates a cache of jobs with at most 4,000 steps in total. Setting an ended job removes it. */
export function createJobCache(): JobCache {
  const jobs = new LRUCache<string, StoredJob>({
    maxSize: maxSteps,
    sizeCalculation: ({ record }) => Math.max(1, record.steps.length),
  });
  return {
    get: (jobId) => jobs.get(jobId),
    set(job) {
      if (isJobEnded(job.record.state)) jobs.delete(job.spec.jobId);
      else jobs.set(job.spec.jobId, job);
    },
    remove: (jobId) => void jobs.delete(jobId),
  };
}
