import { degradedKey, lookUpResult, type ReadyStep, trimResult } from "@pixelmesh/pipeline";
import type { StepResult } from "@pixelmesh/proto";
import { type BlobClient, type ResultCache, reuseBlobs } from "@pixelmesh/worker";
import type { StoredJob } from "../stores/job-store.ts";

/** A stored result that serves a step, with the slowest tier of storage that holds one of its blobs; empty: unknown. */
export type ReusedResult = { readonly result: StepResult; readonly tier: string };

/** Whether a stored result may serve a step: one that refreshes takes only what its own job has made. */
export function mayReuse(result: StepResult, { refresh }: Pick<ReadyStep, "refresh">, jobId: string): boolean {
  return !refresh || result.provenance?.jobId === jobId;
}

/**
 * Returns the wanted part of a stored result and keeps its blobs for the job. Returns undefined if one of the blobs is gone or
 * corrupt.
 */
export async function reuseResult(
  blobs: Pick<BlobClient, "reuse">,
  result: StepResult,
  ready: ReadyStep,
  { spec, record }: Pick<StoredJob, "spec" | "record">,
): Promise<ReusedResult | undefined> {
  const { jobId, deadlineUnixMs } = spec;
  const wanted = trimResult(result, ready);
  const retention = { jobId, deadlineUnixMs, keepUntilUnixMs: record.outputsExpireUnixMs };
  const reused = await reuseBlobs(blobs, wanted, retention);
  return reused && { result: wanted, tier: reused.tier };
}

/** Returns the stored degraded result of a step, with the time at which it was stored; undefined if there is none. */
export async function reuseDegradedResult(
  { blobs, results }: { readonly blobs: Pick<BlobClient, "reuse">; readonly results: Pick<ResultCache, "read"> },
  ready: ReadyStep,
  job: Pick<StoredJob, "spec" | "record">,
): Promise<(ReusedResult & { readonly storedUnixMs: number }) | undefined> {
  const { jobId } = job.spec;
  const entry = await results.read(degradedKey(ready.resultKey));
  const lookup = lookUpResult(entry?.value, { ...ready, jobId }, Date.now());
  if (lookup.$case !== "use" || !mayReuse(lookup.result, ready, jobId)) return undefined;
  const reused = await reuseResult(blobs, lookup.result, ready, job);
  return reused && { ...reused, storedUnixMs: entry?.value.atUnixMs ?? 0 };
}
