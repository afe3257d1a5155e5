import { type Bus, publishProgress } from "@pixelmesh/bus";
import type { ReadyStep } from "@pixelmesh/pipeline";
import { StepProgress, WaitReason } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";

/** Tells the watchers of a job that a step waits for an equal step of another job. */
export type EqualStepNotices = {
  /** The step waits for an equal one. */
  waits(jobId: string, ready: ReadyStep): void;
  /** The step is dispatched. Told only if it has waited for an equal one. */
  dispatched(jobId: string, ready: ReadyStep): void;
};

/** Steps that are remembered. One that is forgotten looks as if it still waited for an equal step until a worker takes it. */
const maxSteps = 10_000;

/** Creates the notices of one replica. */
export function createEqualStepNotices(bus: Bus): EqualStepNotices {
  const waiting = new LRUCache<string, true>({ max: maxSteps });
  const keyOf = (jobId: string, { stepId, attempt }: ReadyStep) => `${jobId}/${stepId}/${attempt}`;
  const tell = (jobId: string, { stepId, attempt }: ReadyStep, reason: WaitReason) =>
    publishProgress(bus, StepProgress.fromPartial({ jobId, stepId, attempt, etaMs: -1, wait: { reason } }));
  return {
    waits(jobId, ready) {
      waiting.set(keyOf(jobId, ready), true);
      tell(jobId, ready, WaitReason.EQUAL_STEP);
    },
    dispatched(jobId, ready) {
      if (waiting.delete(keyOf(jobId, ready))) tell(jobId, ready, WaitReason.QUEUE);
    },
  };
}
