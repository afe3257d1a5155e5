import { expected } from "@pixelmesh/errors";
import { JobState, type ListJobsRequest, type ListJobsResponse } from "@pixelmesh/proto";
import { callFacts } from "@pixelmesh/telemetry";
import { assertJobId } from "../domain/job-id.ts";
import { parsePageSize, takePage } from "../domain/page.ts";
import { parseTenant } from "../domain/tenant.ts";
import type { JobParts } from "./parts.ts";

/** ListJobs: a page of the tenant's jobs, newest first. A filter by state may leave a page shorter than asked for. */
export function createListJobs({ store, watchers }: JobParts) {
  return async ({ pageSize, pageToken, state }: ListJobsRequest): Promise<ListJobsResponse> => {
    const tenant = parseTenant(callFacts().tenant);
    const size = parsePageSize(pageSize);
    if (pageToken !== "") assertToken(pageToken);
    const { page, nextPageToken } = takePage(await store.list(tenant), size, pageToken);
    const found = await Promise.all(page.map((jobId) => store.find(jobId)));
    const jobs = found.flatMap((job) => (job ? [watchers.view(job)] : []));
    return { jobs: state === JobState.UNSPECIFIED ? jobs : jobs.filter((job) => job.state === state), nextPageToken };
  };
}

function assertToken(token: string): void {
  try {
    assertJobId(token);
  } catch {
    throw expected("page_token", "the next_page_token of an earlier answer", token);
  }
}
