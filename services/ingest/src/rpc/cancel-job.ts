import { AppError } from "@pixelmesh/errors";
import type { CancelJobRequest, Job } from "@pixelmesh/proto";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";

/** Dependencies of `createCancelJob`. */
export type CancelJobParts = {
  readonly store: Pick<JobStore, "get">;
  readonly orchestrator: Pick<Orchestrator, "apply">;
  readonly watchers: Pick<Watchers, "view">;
};

/** CancelJob: cancels the job unless it has ended, and signals its workers at once. */
export function createCancelJob({ store, orchestrator, watchers }: CancelJobParts) {
  return async ({ jobId }: CancelJobRequest): Promise<Job> => {
    await store.get(jobId, callTenant());
    const job = await orchestrator.apply(jobId, { $case: "cancel" });
    if (!job) throw new AppError("JOB_NOT_FOUND", "There is no job with this id");
    return watchers.view(job);
  };
}
