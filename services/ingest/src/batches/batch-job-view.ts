import { reasonFromEnum, reasonTable } from "@pixelmesh/errors";
import { type BatchEnd, type BatchJob, type BatchSpec, JobState } from "@pixelmesh/proto";
import { batchJobId } from "../domain/batch-id.ts";
import type { BatchJobState } from "../domain/batch-progress.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { BatchStore } from "./batch-store.ts";

/** Shows jobs of batches with the names of their sources and their errors. */
export type BatchJobViews = {
  /** Returns the view of a job as it is now. */
  ofJob(spec: BatchSpec, index: number, job: BatchJobState): Promise<BatchJob>;
  /** Returns the view of a job as it ended. */
  ofEnd(spec: BatchSpec, end: BatchEnd): Promise<BatchJob>;
};

/** Dependencies of `createBatchJobViews`. */
export type BatchJobViewParts = {
  readonly batches: Pick<BatchStore, "source">;
  readonly jobs: Pick<JobStore, "find">;
};

/**
 * Creates the views. A progress record has the reason of a failure only. The whole error comes from the source, if its picture was refused, or
 * from the job's record. Where that is gone, it is the text of the reason.
 */
export function createBatchJobViews({ batches, jobs }: BatchJobViewParts): BatchJobViews {
  async function ofJob(spec: BatchSpec, index: number, { state, attempt, end }: BatchJobState): Promise<BatchJob> {
    const { name, error: refusal } = await batches.source(spec.batchId, index);
    const jobId = batchJobId(spec, index, attempt);
    if (state === JobState.UNSPECIFIED) return { index, name, jobId: "", state, error: undefined, attempt };
    if (!end || state === JobState.SUCCEEDED) return { index, name, jobId, state, error: undefined, attempt };
    if (refusal && refusal.reason === end.reason) return { index, name, jobId: "", state, error: refusal, attempt };
    const job = await jobs.find(jobId).catch(() => undefined);
    const known = job?.record.error;
    const message = reasonTable[reasonFromEnum(end.reason)].help;
    const error = known?.reason === end.reason ? known : { reason: end.reason, message, stepId: "" };
    // A job that was cancelled before it was created, or that was evicted since, has no id to ask for.
    return { index, name, jobId: job ? jobId : "", state, error, attempt };
  }

  return {
    ofJob,
    ofEnd: (spec, end) => ofJob(spec, end.index, { state: end.state, attempt: end.attempt, end }),
  };
}
