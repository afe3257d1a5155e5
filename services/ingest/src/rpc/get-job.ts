import type { GetJobRequest, Job } from "@pixelmesh/proto";
import type { JobStore } from "../stores/job-store.ts";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";

/** GetJob: returns the job with the newest progress that this replica received. */
export function createGetJob(store: Pick<JobStore, "get">, watchers: Pick<Watchers, "view">) {
  return async ({ jobId }: GetJobRequest): Promise<Job> => watchers.view(await store.get(jobId, callTenant()));
}
