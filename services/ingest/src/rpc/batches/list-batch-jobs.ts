import { expected } from "@pixelmesh/errors";
import { type BatchJob, JobState, type ListBatchJobsRequest, type ListBatchJobsResponse } from "@pixelmesh/proto";
import type { BatchJobViews } from "../../batches/batch-job-view.ts";
import type { BatchStore } from "../../batches/batch-store.ts";
import { type BatchJobState, batchJobState, lastEnds } from "../../domain/batch-progress.ts";
import { inParallel } from "../../domain/in-parallel.ts";
import { callTenant } from "../call-tenant.ts";

const defaultSize = 200;
const maxSize = 1_000;
const concurrency = 16;

/** ListBatchJobs: returns a page of the jobs of a batch in the order of its sources. The page token is the place of the next source. */
export function createListBatchJobs(batches: Pick<BatchStore, "get">, views: BatchJobViews) {
  return async (request: ListBatchJobsRequest): Promise<ListBatchJobsResponse> => {
    const size = parseSize(request.pageSize);
    const start = parseToken(request.pageToken);
    const { spec, progress } = await batches.get(request.batchId, callTenant());
    const last = lastEnds(progress, spec.sources);
    const page: { readonly index: number; readonly job: BatchJobState }[] = [];
    let index = start;
    for (; index < spec.sources && page.length < size; index++) {
      const job = batchJobState(progress, index, last[index] ?? -1);
      if (request.state === JobState.UNSPECIFIED || job.state === request.state) page.push({ index, job });
    }
    const jobs: BatchJob[] = [];
    await inParallel(page.entries(), concurrency, async ([place, { index: at, job }]) => {
      jobs[place] = await views.ofJob(spec, at, job);
    });
    return { jobs, nextPageToken: index < spec.sources ? String(index) : "" };
  };
}

function parseSize(size: number): number {
  if (size === 0) return defaultSize;
  if (size < 1 || size > maxSize) throw expected("page_size", `an integer from 1 to ${maxSize}`, size);
  return size;
}

function parseToken(token: string): number {
  if (!/^\d{0,5}$/.test(token)) throw expected("page_token", "the next_page_token of an earlier answer", token);
  return Number(token);
}
