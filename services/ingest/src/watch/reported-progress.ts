import type { StepProgressView } from "@pixelmesh/pipeline";
import type { StepProgress } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";

/** The newest reported progress of running steps, by job and step id. */
export type ReportedProgress = {
  record(progress: StepProgress, nowUnixMs: number): void;
  of(jobId: string): ReadonlyMap<string, StepProgressView> | undefined;
};

const maxJobs = 10_000;

/**
 * Keeps the progress of the 10,000 jobs that were reported last. A step's fraction only grows within an attempt, although another
 * worker may start the same attempt again. The highest fraction of all attempts is kept for the job's progress.
 */
export function createReportedProgress(): ReportedProgress {
  const jobs = new LRUCache<string, Map<string, StepProgressView & { readonly attempt: number }>>({ max: maxJobs });
  return {
    record({ jobId, stepId, attempt, fraction, etaMs, wait }, receivedUnixMs) {
      const steps = jobs.get(jobId) ?? new Map();
      const before = steps.get(stepId);
      jobs.set(jobId, steps);
      if (before !== undefined && before.attempt > attempt) return;
      const least = before?.attempt === attempt ? before.fraction : 0;
      // `|| 0` turns NaN into 0.
      const best = Math.max(before?.best ?? 0, fraction) || 0;
      steps.set(stepId, { fraction: Math.max(least, fraction), etaMs, attempt, best, receivedUnixMs, wait });
    },
    of: (jobId) => jobs.get(jobId),
  };
}
