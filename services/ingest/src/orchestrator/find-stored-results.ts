import { createRecord, lookUpResult, type ReadyStep, readySteps, reduceJob, trimResult } from "@pixelmesh/pipeline";
import type { JobRecord, JobSpec, StepResult } from "@pixelmesh/proto";
import type { ResultCache } from "@pixelmesh/worker";

/** Dependencies of `findStoredResults`. */
export type StoredResultsParts = {
  readonly results: Pick<ResultCache, "read">;
  /** Whether storage has a blob. */
  isStored(sha256: string): Promise<boolean>;
};

/**
 * Returns the record that a new job would have before its first step runs: steps with stored results have succeeded. Reads each result once, claims
 * nothing and extends nothing. A result whose blobs are gone counts as missing, and so does that of a step whose input is missing.
 */
export async function findStoredResults(
  { results, isStored }: StoredResultsParts,
  spec: JobSpec,
  signal: AbortSignal,
): Promise<JobRecord> {
  let record = createRecord(spec);
  const tried = new Set<string>();
  for (;;) {
    const ready = readySteps(spec, record).filter(({ stepId }) => !tried.has(stepId));
    if (ready.length === 0) return record;
    for (const step of ready) {
      signal.throwIfAborted();
      tried.add(step.stepId);
      const { stepId, resultKey: key } = step;
      const result = await findResult(step);
      if (result) record = reduceJob(spec, record, { $case: "cached", stepId, result, key }, Date.now());
    }
  }

  async function findResult(step: ReadyStep): Promise<StepResult | undefined> {
    if (step.resultKey === "") return undefined;
    const entry = await results.read(step.resultKey);
    const lookup = lookUpResult(entry?.value, { ...step, jobId: spec.jobId }, Date.now());
    if (lookup.$case !== "use") return undefined;
    const result = trimResult(lookup.result, step);
    const made = [result.frame, ...result.outputs.map(({ blob }) => blob)];
    const digests = new Set(made.flatMap((blob) => (blob ? [blob.sha256] : [])));
    for (const sha256 of digests) if (!(await isStored(sha256))) return undefined;
    return result;
  }
}
