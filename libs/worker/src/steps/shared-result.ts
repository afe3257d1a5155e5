import { degradedKey, lookUpResult, trimResult } from "@pixelmesh/pipeline";
import type { StepResult, WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { reuseBlobs } from "../storage/result-cache.ts";
import type { ExecutionResult } from "./execution.ts";

type Parts = Pick<WorkerParts, "results" | "blobs">;

/**
 * Finds the cached result of a redelivered step: its worker may have died after storing the result and before publishing it. Returns
 * undefined on the first delivery, if the result or one of its blobs is missing, or if the step refreshes a result that another job has made.
 */
export async function findStoredResult(
  { results, blobs }: Parts,
  item: WorkItem,
  deliveries: number,
): Promise<StepResult | undefined> {
  if (deliveries <= 1 || item.resultKey === "") return undefined;
  const found = lookUpResult((await results.read(item.resultKey))?.value, item, Date.now());
  if (found.$case !== "use") return undefined;
  const result = trimResult(found.result, item);
  if (item.refresh && result.provenance?.jobId !== item.jobId) return undefined;
  return (await reuseBlobs(blobs, result, item)) ? result : undefined;
}

/**
 * Stores a result in the cache for equal steps. That of a step that refreshes replaces the stored one, others are merged with it. A degraded result has a key of its own, for jobs that allow degraded results. A result of another
 * model file than the planned one, or without a model that could not be tried, is this step's alone.
 */
export async function shareResult(
  { results }: Pick<Parts, "results">,
  item: WorkItem,
  result: StepResult,
  { outcome, firstModelDigest }: Pick<ExecutionResult, "outcome" | "firstModelDigest">,
): Promise<void> {
  if (item.resultKey === "" || (item.modelDigest !== "" && item.modelDigest !== firstModelDigest)) return;
  if (outcome.isShareable === false) return results.releaseClaim(item.resultKey, item);
  const options = { replace: item.refresh };
  if (result.adaptations.length === 0) return results.store(item.resultKey, result, Date.now(), options);
  await results.store(degradedKey(item.resultKey), result, Date.now(), options);
  // The claimed result is still missing: another step may compute it.
  await results.releaseClaim(item.resultKey, item);
}
