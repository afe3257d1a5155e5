import { expected, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { Job, JobState, type ListJobsRequest, type ListJobsResponse } from "@pixelmesh/proto";
import { callFacts } from "@pixelmesh/telemetry";
import { assertJobId, createdUnixMsOf } from "../domain/job-id.ts";
import { parsePageSize } from "../domain/page.ts";
import { parseTenant } from "../domain/tenant.ts";
import type { JobRow } from "../listing/job-table.ts";
import type { JobParts } from "./parts.ts";

/** So often a page is filled up after some of its jobs turned out to be gone, or in another state by now. */
const maxRounds = 10;

/**
 * ListJobs: a page of the tenant's jobs, newest first; the token is the id of the last one. A job that this release cannot
 * read is listed with its id and an error. Throws SERVICE_UNAVAILABLE while the index is being made.
 */
export function createListJobs({ store, index, watchers }: JobParts) {
  /** Undefined: the job is gone. */
  async function look(row: JobRow): Promise<Job | undefined> {
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
    const tenant = parseTenant(callFacts().tenant);
    const size = parsePageSize(pageSize);
    if (pageToken !== "") assertToken(pageToken);
    await index.ready();
    const jobs: Job[] = [];
    let last = pageToken;
    for (let round = 0; round < maxRounds && jobs.length < size; round++) {
      const rows = index.page(tenant, state, last, size - jobs.length);
      if (rows.length === 0) return { jobs, nextPageToken: "" };
      const found = await Promise.all(rows.map(look));
      // The index may not have heard of a change that the record shows.
      for (const job of found) if (job && (state === JobState.UNSPECIFIED || job.state === state)) jobs.push(job);
      last = rows.at(-1)?.jobId ?? last;
    }
    const hasMore = index.page(tenant, state, last, 1).length > 0;
    return { jobs, nextPageToken: hasMore ? last : "" };
  };
}

/** What can be said of a job whose record or specification this release cannot read. */
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

function assertToken(token: string): void {
  try {
    assertJobId(token);
  } catch {
    throw expected("page_token", "the next_page_token of an earlier answer", token);
  }
}
