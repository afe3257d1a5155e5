import { expected, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { Job, JobState, type ListJobsRequest, type ListJobsResponse } from "@pixelmesh/proto";
import { createdUnixMsOf, isJobId } from "../domain/job-id.ts";
import { parsePageSize } from "../domain/page.ts";
import type { JobIndex } from "../listing/job-index.ts";
import type { JobRow } from "../listing/job-table.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";

/** Dependencies of `createListJobs`. */
export type ListJobsParts = {
  readonly store: Pick<JobStore, "find">;
  readonly index: Pick<JobIndex, "ready" | "page" | "forget">;
  readonly watchers: Pick<Watchers, "view">;
};

/** A page is filled up at most so often after some of its jobs were gone or in another state. */
const maxRounds = 10;

/**
 * ListJobs: returns a page of the tenant's jobs, newest first. The page token is the id of the last job. A job that this release
 * cannot read is listed with its id and an error. Throws SERVICE_UNAVAILABLE while the index is being built.
 */
export function createListJobs({ store, index, watchers }: ListJobsParts) {
  /** Returns undefined if the job is gone. */
  async function readJob(row: JobRow): Promise<Job | undefined> {
    try {
      const job = await store.find(row.jobId);
      if (job) return watchers.view(job);
    } catch (caught) {
      const error = toAppError(caught);
      if (error.reason === "BROKER_UNAVAILABLE" || error.reason === "QUEUE_FULL") throw error;
      return toUnreadable(row);
    }
    index.forget(row);
    return undefined;
  }

  return async ({ pageSize, pageToken, state }: ListJobsRequest): Promise<ListJobsResponse> => {
    const tenant = callTenant();
    const size = parsePageSize(pageSize);
    if (pageToken !== "" && !isJobId(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    await index.ready();
    const jobs: Job[] = [];
    let last = pageToken;
    for (let round = 0; round < maxRounds && jobs.length < size; round++) {
      const rows = index.page(tenant, state, last, size - jobs.length);
      if (rows.length === 0) return { jobs, nextPageToken: "" };
      const found = await Promise.all(rows.map(readJob));
      // The index may lag behind the record.
      for (const job of found) if (job && (state === JobState.UNSPECIFIED || job.state === state)) jobs.push(job);
      last = rows.at(-1)?.jobId ?? last;
    }
    const hasMore = index.page(tenant, state, last, 1).length > 0;
    return { jobs, nextPageToken: hasMore ? last : "" };
  };
}

/** Returns the view of a job whose record or specification this release cannot read. */
function toUnreadable({ jobId, state }: JobRow): Job {
  return Job.create({
    id: jobId,
    state: state as JobState,
    createdUnixMs: createdUnixMsOf(jobId),
    error: {
      reason: reasonToEnum("MALFORMED_MESSAGE"),
      message: "What is stored of this job cannot be read by this release",
      stepId: "",
    },
    etaMs: -1,
  });
}
