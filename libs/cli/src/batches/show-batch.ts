import { type Batches, type BatchJob, JobState, reasonFromEnum } from "@pixelmesh/client";
import { toBatchJobJson, toBatchJson } from "@pixelmesh/json-views";
import { describeBatch, describeBatchJobs, describeFailures, type FailureCounts } from "./describe-batch.ts";

/** What of a batch is shown. */
export type ShowOptions = {
  readonly jobs: "none" | "failed" | "all";
  readonly isJson: boolean;
  readonly signal: AbortSignal;
};

const pageSize = 1_000;

/** Returns the text of `batches show`, or its JSON document. Throws BATCH_NOT_FOUND. */
export async function showBatch(batches: Batches, id: string, options: ShowOptions): Promise<string> {
  const { signal, isJson } = options;
  const batch = await batches.get(id, { signal });
  const failures = batch.jobsFailed > 0 ? await countFailures(batches, id, signal) : [];
  const jobs = options.jobs === "none" ? undefined : await listJobs(batches, id, options);
  if (isJson) {
    const document = { ...toBatchJson(batch), failures: Object.fromEntries(failures) };
    const more = jobs === undefined ? {} : { jobs: jobs.map(toBatchJobJson) };
    return `${JSON.stringify({ ...document, ...more }, null, 2)}\n`;
  }
  return [
    describeBatch(batch, false),
    batch.labels.length > 0 ? `labels: ${batch.labels.join(" ")}\n` : "",
    describeFailures(failures),
    jobs === undefined ? "" : describeBatchJobs(jobs),
  ].join("");
}

async function listJobs(batches: Batches, id: string, { jobs, signal }: ShowOptions): Promise<BatchJob[]> {
  const state = jobs === "failed" ? JobState.FAILED : JobState.UNSPECIFIED;
  return await Array.fromAsync(batches.jobs(id, { state, pageSize, signal }));
}

/** Counts the failed jobs of a batch by reason, the most frequent first. */
export async function countFailures(batches: Batches, id: string, signal: AbortSignal): Promise<FailureCounts> {
  const counts = new Map<string, number>();
  for await (const { error } of batches.jobs(id, { state: JobState.FAILED, pageSize, signal })) {
    const reason = error ? reasonFromEnum(error.reason) : "INTERNAL";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
