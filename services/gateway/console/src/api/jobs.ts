import type { PipelineJson } from "../pipeline/to-pipeline.ts";
import { request, requestJson, withQuery } from "./request.ts";
import type { Job, JobError, StoredPicture } from "./types.ts";

/** Jobs that meet every criterion. Empty criteria are met by all. */
export type JobFilter = {
  readonly states: readonly string[];
  readonly reasons: readonly string[];
  readonly operations: readonly string[];
  readonly labels: readonly string[];
  /** 0: any time. */
  readonly createdAfterUnixMs: number;
  readonly createdBeforeUnixMs: number;
};

/** A page of jobs, newest first. */
export type JobPage = { readonly jobs: readonly Job[]; readonly nextPageToken: string };

/** The most jobs that the gateway returns in one page. */
export const pageSize = 200;

/** Lists jobs of the tenant. */
export function listJobs(filter: JobFilter, pageToken: string, signal: AbortSignal, size = pageSize): Promise<JobPage> {
  const { states, reasons, operations, labels, createdAfterUnixMs, createdBeforeUnixMs } = filter;
  const path = withQuery("/v1/jobs", {
    state: states.map((state) => state.toLowerCase()),
    reason: reasons,
    operation: operations,
    label: labels,
    created_after: createdAfterUnixMs || undefined,
    created_before: createdBeforeUnixMs || undefined,
    page_size: size,
    page_token: pageToken,
  });
  return requestJson<JobPage>(path, { signal });
}

/** Creates a job of stored pictures, by their digests. */
export function createJob(
  pipeline: PipelineJson,
  sources: readonly { readonly name: string; readonly sha256: string }[],
  signal: AbortSignal,
): Promise<Job> {
  return requestJson<Job>("/v1/jobs", { method: "POST", json: { pipeline, sources }, signal });
}

/** Cancels a job unless it has ended. */
export function cancelJob(id: string): Promise<Job> {
  return requestJson<Job>(`/v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** What a call on many jobs did, or would do. */
export type BulkResult = {
  readonly matched: number;
  readonly cancelled?: number;
  readonly jobIds?: readonly string[];
  readonly withoutPictures?: number;
  readonly stopped?: JobError | null;
};

/** Cancels or retries the jobs that a filter matches, or only counts them. */
export function changeJobs(
  action: "cancel" | "retry",
  filter: Partial<JobFilter> & { readonly jobIds?: readonly string[] },
  dryRun: boolean,
): Promise<BulkResult> {
  const states = filter.states?.map((state) => state.toLowerCase());
  const json = { filter: { ...filter, ...(states ? { states } : {}) }, dryRun };
  return requestJson<BulkResult>(`/v1/jobs:${action}`, { method: "POST", json, timeoutMs: 120_000 });
}

/** Downloads an output. */
export async function fetchOutput(jobId: string, name: string, signal: AbortSignal): Promise<Blob> {
  const path = `/v1/jobs/${encodeURIComponent(jobId)}/outputs/${encodeURIComponent(name)}`;
  return (await request(path, { signal, timeoutMs: 300_000 })).blob();
}

/** Stores a picture for later calls, which name it by its digest. */
export function uploadPicture(picture: Blob, signal: AbortSignal): Promise<StoredPicture> {
  return requestJson<StoredPicture>("/v1/pictures", { method: "POST", body: picture, signal, timeoutMs: 300_000 });
}
