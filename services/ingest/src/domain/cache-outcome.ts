import { operationOf, savedMsOf } from "@pixelmesh/pipeline";
import { type JobSpec, type StepRecord, StepState } from "@pixelmesh/proto";

/** How a succeeded step used the result cache. `bypassed`: computed without a look-up. */
export const cacheOutcomes = ["hit", "coalesced", "miss", "bypassed"] as const;

/** One of `cacheOutcomes`. */
export type CacheOutcome = (typeof cacheOutcomes)[number];

/** One succeeded request to the result cache. */
export type CacheRequest = {
  readonly outcome: CacheOutcome;
  /** Run time that a cached result saved, in milliseconds; else 0. */
  readonly savedMs: number;
  /** Bytes of the blobs that the job took from a cached result; else 0. */
  readonly bytes: number;
  /** Of a hit: from the step's inputs being ready to its result, in milliseconds. */
  readonly retrievalMs: number;
  /** Slowest tier of storage that held a blob of a cached result; empty: unknown. */
  readonly tier: string;
};

/** Returns how a step of an ended job used the result cache; undefined if it did not succeed. It follows from specification and record alone. */
export function cacheRequestOf(spec: Pick<JobSpec, "refresh">, step: StepRecord): CacheRequest | undefined {
  if (step.state !== StepState.SUCCEEDED) return undefined;
  if (!step.cached) {
    const outcome = spec.refresh || step.resultKey === "" ? "bypassed" : "miss";
    return { outcome, savedMs: 0, bytes: 0, retrievalMs: 0, tier: "" };
  }
  const { frame, outputs = [] } = step.result ?? {};
  const blobs = [frame, ...outputs.map(({ blob }) => blob)];
  return {
    outcome: step.coalesced ? "coalesced" : "hit",
    savedMs: savedMsOf(step),
    bytes: blobs.reduce((sum, blob) => sum + (blob?.sizeBytes ?? 0), 0),
    retrievalMs: step.coalesced ? 0 : Math.max(0, step.finishedUnixMs - step.readyUnixMs),
    tier: step.cacheTier,
  };
}

/** Returns the effects of a planned step, each once; none for another operation. */
export function effectsOf(planned: JobSpec["steps"][number]): readonly string[] {
  const operation = planned.step && operationOf(planned.step);
  return operation?.$case === "applyEffects" ? [...new Set(operation.value.effects.map(({ name }) => name))] : [];
}
