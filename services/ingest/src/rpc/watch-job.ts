import type { Job, WatchJobRequest } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { callFacts } from "@pixelmesh/telemetry";
import { parseTenant } from "../domain/tenant.ts";
import type { JobParts } from "./parts.ts";

/** WatchJob: the job now and whenever it moves, until it has ended. */
export function createWatchJob({ watchers }: JobParts) {
  return async function* watchJob(
    { jobId }: WatchJobRequest,
    { signal }: CallContext,
  ): AsyncGenerator<Job, void, undefined> {
    yield* watchers.watch(jobId, parseTenant(callFacts().tenant), signal);
  };
}
