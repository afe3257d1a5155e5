import type { StepProgressView } from "@pixelmesh/pipeline";
import type { StepProgress } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";

/** The newest word of every running step that this process heard of. */
export type HeardProgress = {
  note(progress: StepProgress, nowUnixMs: number): void;
  of(jobId: string): ReadonlyMap<string, StepProgressView> | undefined;
};

const trackedJobs = 10_000;

/**
 * Remembers 10,000 jobs, the latest heard of. Within an attempt a step's part done only grows: the same attempt begins anew on
 * another worker where the first one is gone. The most of all attempts is kept for the job's progress.
 */
export function createHeardProgress(): HeardProgress {
  const jobs = new LRUCache<string, Map<string, StepProgressView & { readonly attempt: number }>>({ max: trackedJobs });
  return {
    note({ jobId, stepId, attempt, fraction, etaMs }, heardUnixMs) {
      const steps = jobs.get(jobId) ?? new Map();
      const before = steps.get(stepId);
      jobs.set(jobId, steps);
      if (before !== undefined && before.attempt > attempt) return;
      const least = before?.attempt === attempt ? before.fraction : 0;
      const best = Math.max(before?.best ?? 0, fraction) || 0;
      steps.set(stepId, { fraction: Math.max(least, fraction), etaMs, attempt, best, heardUnixMs });
    },
    of: (jobId) => jobs.get(jobId),
  };
}
