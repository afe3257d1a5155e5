import type { Job } from "@pixelmesh/proto";
import { isJobEnded } from "../job/job-record.ts";

/**
 * The job to show after `previous`, once `next` was read. Progress never falls, revisions never decrease, and an ended job never
 * changes. A step's own progress falls only when a new attempt begins.
 */
export function mergeProgress(previous: Job | undefined, next: Job): Job {
  if (previous === undefined || previous.id !== next.id) return next;
  if (isJobEnded(previous.state) || next.revision < previous.revision) return previous;
  const before = new Map(previous.steps.map((step) => [step.id, step]));
  const steps = next.steps.map((step) => {
    const old = before.get(step.id);
    if (old === undefined || old.attempt !== step.attempt || old.progress <= step.progress) return step;
    return { ...step, progress: old.progress };
  });
  return { ...next, progress: Math.max(previous.progress, next.progress), steps };
}
