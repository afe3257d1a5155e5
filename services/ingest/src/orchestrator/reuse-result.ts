import { degradedKey, lookUpResult, type ReadyStep, trimResult } from "@pixelmesh/pipeline";
import type { StepResult } from "@pixelmesh/proto";
import { type BlobClient, extendResult, type ResultCache } from "@pixelmesh/worker";
import type { StoredJob } from "../stores/job-store.ts";

/**
 * Returns the wanted part of a stored result and keeps its blobs for the job. Returns undefined if one of the blobs is gone or
 * corrupt.
 */
export async function reuseResult(
  blobs: BlobClient,
  result: StepResult,
  ready: ReadyStep,
  { spec, record }: Pick<StoredJob, "spec" | "record">,
): Promise<StepResult | undefined> {
  const { jobId, deadlineUnixMs } = spec;
  const wanted = trimResult(result, ready);
  const retention = { jobId, deadlineUnixMs, keepUntilUnixMs: record.outputsExpireUnixMs };
  return (await extendResult(blobs, wanted, retention)) ? wanted : undefined;
}

/** Returns the stored degraded result of a step, with the time at which it was stored; undefined if there is none. */
export async function reuseDegradedResult(
  { blobs, results }: { readonly blobs: BlobClient; readonly results: Pick<ResultCache, "read"> },
  ready: ReadyStep,
  job: Pick<StoredJob, "spec" | "record">,
): Promise<{ readonly result: StepResult; readonly storedUnixMs: number } | undefined> {
  const entry = await results.read(degradedKey(ready.resultKey));
  const lookup = lookUpResult(entry?.value, { ...ready, jobId: job.spec.jobId }, Date.now());
  const result = lookup.$case === "use" ? await reuseResult(blobs, lookup.result, ready, job) : undefined;
  return result && { result, storedUnixMs: entry?.value.atUnixMs ?? 0 };
}
