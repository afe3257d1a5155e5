import type { JobEvent } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";

/** An attempt of a step. */
export type StepOfJob = Pick<JobEvent, "jobId" | "stepId" | "attempt">;

/** The attempts that any worker has started, as their workers announced. An announcement may be lost. */
export type KnownStarts = { add(step: StepOfJob): void; has(step: StepOfJob): boolean };

const maxStarts = 20_000;

/** Creates a set of the latest 20,000 starts. A start is in the log after 500 ms, so an older one need not be here. */
export function createKnownStarts(): KnownStarts {
  const starts = new LRUCache<string, true>({ max: maxStarts });
  const keyOf = ({ jobId, stepId, attempt }: StepOfJob) => `${jobId}/${stepId}/${attempt}`;
  return {
    add: (step) => void starts.set(keyOf(step), true),
    has: (step) => starts.has(keyOf(step)),
  };
}
