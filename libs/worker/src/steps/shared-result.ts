import { degradedKey, lookUpResult, trimResult } from "@pixelmesh/pipeline";
import type { StepResult, WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { extendResult } from "../storage/result-cache.ts";
import type { ExecutionResult } from "./execution.ts";

type Parts = Pick<WorkerParts, "results" | "blobs">;

/**
 * Finds the cached result of a redelivered step: its worker may have died after storing the result and before publishing it. Returns
 * undefined on the first delivery, or if the result or one of its blobs is missing.
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
  return (await extendResult(blobs, result, item)) ? result : undefined;
}

/**
 * Stores a result in the cache for equal steps. A degraded result has a key of its own, for jobs that allow degraded results. A result of another
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
  if (result.adaptations.length === 0) return results.store(item.resultKey, result, Date.now());
  await results.store(degradedKey(item.resultKey), result, Date.now());
  // The claimed result is still missing: another step may compute it.
  await results.releaseClaim(item.resultKey, item);
}
