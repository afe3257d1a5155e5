import type { GetJobRequest, Job } from "@pixelmesh/proto";
import { callFacts } from "@pixelmesh/telemetry";
import { parseTenant } from "../domain/tenant.ts";
import type { JobParts } from "./parts.ts";

/** GetJob: the record, with the newest progress this replica heard of. */
export function createGetJob({ store, watchers }: JobParts) {
  return async ({ jobId }: GetJobRequest): Promise<Job> =>
    watchers.view(await store.get(jobId, parseTenant(callFacts().tenant)));
}
