import { AppError } from "@pixelmesh/errors";
import type { CancelJobRequest, Job } from "@pixelmesh/proto";
import { callFacts } from "@pixelmesh/telemetry";
import { parseTenant } from "../domain/tenant.ts";
import type { JobParts } from "./parts.ts";

/** CancelJob: ends the job unless it has ended; workers are told at once. */
export function createCancelJob({ store, orchestrator, watchers }: JobParts) {
  return async ({ jobId }: CancelJobRequest): Promise<Job> => {
    await store.get(jobId, parseTenant(callFacts().tenant));
    const job = await orchestrator.apply(jobId, { $case: "cancel" });
    if (!job) throw new AppError("JOB_NOT_FOUND", "There is no job with this id");
    return watchers.view(job);
  };
}
