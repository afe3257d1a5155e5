import { isJobEnded } from "@pixelmesh/pipeline";
import { LRUCache } from "lru-cache";
import type { StoredJob } from "./job-store.ts";

/** Unfinished jobs as this replica last wrote them: another may have written since. */
export type LatestJobs = { find(jobId: string): StoredJob | undefined; keep(job: StoredJob): void };

const maxSteps = 4_000;

/** Remembers jobs of at most 4,000 steps together; an ended one is forgotten. */
export function createLatestJobs(): LatestJobs {
  const jobs = new LRUCache<string, StoredJob>({
    maxSize: maxSteps,
    sizeCalculation: ({ record }) => Math.max(1, record.steps.length),
  });
  return {
    find: (jobId) => jobs.get(jobId),
    keep(job) {
      if (isJobEnded(job.record.state)) jobs.delete(job.spec.jobId);
      else jobs.set(job.spec.jobId, job);
    },
  };
}
