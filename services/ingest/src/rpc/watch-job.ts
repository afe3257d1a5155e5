import type { Job, WatchJobRequest } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Watchers } from "../watch/watchers.ts";
import { callTenant } from "./call-tenant.ts";

/** WatchJob: streams the job now and at each change, until it has ended. */
export function createWatchJob(watchers: Pick<Watchers, "watch">) {
  return async function* watchJob(
    { jobId }: WatchJobRequest,
    { signal }: CallContext,
  ): AsyncGenerator<Job, void, undefined> {
    yield* watchers.watch(jobId, callTenant(), signal);
  };
}
