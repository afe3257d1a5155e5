import { setImmediate } from "node:timers/promises";
import { expected, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { Job, JobState, type ListJobsRequest, type ListJobsResponse } from "@pixelmesh/proto";
import { createdUnixMsOf, isJobId } from "../domain/job-id.ts";
import { parsePageSize } from "../domain/page.ts";
import type { JobIndex } from "../listing/job-index.ts";
import type { ListedJob } from "../listing/job-page.ts";
import { type JobQuery, matchesQuery } from "../listing/job-query.ts";
import { rowOf } from "../listing/job-row.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";
import { parseFilter, withStates } from "./parse-filter.ts";

/** Dependencies of `createListJobs`. */
export type ListJobsParts = {
  readonly store: Pick<JobStore, "find">;
  readonly index: Pick<JobIndex, "ready" | "page" | "forget">;
  readonly watchers: Pick<Watchers, "view">;
};

/** A page is filled up at most so often after some of its jobs were gone or did not match. */
const maxRounds = 10;

/**
 * ListJobs: returns a page of the tenant's jobs that a filter matches, newest first. The page token is the id of the last job. A job that
 * this release cannot read is listed with its id and an error. Throws SERVICE_UNAVAILABLE while the index is being built.
 */
export function createListJobs({ store, index, watchers }: ListJobsParts) {
  /** Returns undefined if the job is gone or does not match: the index may lag behind the record. */
  async function readJob(query: JobQuery, listed: ListedJob): Promise<Job | undefined> {
    try {
      const job = await store.find(listed.jobId);
      if (job) return matchesQuery(query, rowOf(job.record, job.revision)) ? watchers.view(job) : undefined;
    } catch (caught) {
      const error = toAppError(caught);
      if (error.reason === "BROKER_UNAVAILABLE" || error.reason === "QUEUE_FULL") throw error;
      return toUnreadable(listed);
    }
    index.forget(listed);
    return undefined;
  }

  return async ({ pageSize, pageToken, state, filter }: ListJobsRequest): Promise<ListJobsResponse> => {
    const size = parsePageSize(pageSize);
    if (pageToken !== "" && !isJobId(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    const filtered = parseFilter(filter, callTenant());
    const query = state === JobState.UNSPECIFIED ? filtered : withStates(filtered, [state]);
    await index.ready();
    const jobs: Job[] = [];
    let last = pageToken;
    for (let round = 0; round < maxRounds && jobs.length < size; round++) {
      const { rows, next } = index.page(query, last, size - jobs.length);
      const found = await Promise.all(rows.map((row) => readJob(query, row)));
      for (const job of found) if (job) jobs.push(job);
      if (next === "") return { jobs, nextPageToken: "" };
      last = next;
      // Other calls go on between two parts of a long search.
      await setImmediate();
    }
    const { rows, next } = index.page(query, last, 1);
    return { jobs, nextPageToken: rows.length > 0 || next !== "" ? last : "" };
  };
}

/** Returns the view of a job whose record or specification this release cannot read. */
function toUnreadable({ jobId, state }: ListedJob): Job {
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
