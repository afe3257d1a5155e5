import { waitForBroker } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { type CancelJobsRequest, type CancelJobsResponse, JobState } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import { inParallel } from "../domain/in-parallel.ts";
import type { JobIndex } from "../listing/job-index.ts";
import { type JobQuery, matchesQuery } from "../listing/job-query.ts";
import { rowOf } from "../listing/job-row.ts";
import { walkJobs } from "../listing/walk-jobs.ts";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore } from "../stores/job-store.ts";
import { callTenant } from "./call-tenant.ts";
import { parseCriteria, withStates } from "./parse-filter.ts";
import { brokerTimeoutMs } from "./repeatable.ts";

/** Dependencies of `createCancelJobs`. */
export type CancelJobsParts = {
  readonly base: Pick<ServiceBase, "log">;
  readonly store: Pick<JobStore, "find">;
  readonly index: Pick<JobIndex, "ready" | "page">;
  readonly orchestrator: Pick<Orchestrator, "apply">;
};

const maxCancelled = 10_000;
/** The largest number of open jobs that a mesh can be set to. */
const maxMatched = 100_000;
const concurrency = 16;

/** CancelJobs: cancels the tenant's unfinished jobs that a filter matches, at most 10,000. Counts only, in a dry run. */
export function createCancelJobs(parts: CancelJobsParts) {
  const { base, index } = parts;

  return async ({ filter, dryRun }: CancelJobsRequest, { signal }: CallContext): Promise<CancelJobsResponse> => {
    const query = withStates(parseCriteria(filter, callTenant()), [JobState.RUNNING]);
    const counts = { matched: 0, cancelled: 0 };
    let left = dryRun ? 0 : maxCancelled;
    for await (const rows of walkJobs(index, query, maxMatched, signal)) {
      counts.matched += rows.length;
      const chosen = rows.slice(0, left);
      left -= chosen.length;
      await inParallel(chosen, concurrency, async ({ jobId }) => {
        signal.throwIfAborted();
        const outcome = await waitForBroker(base.log, () => cancel(parts, query, jobId), brokerTimeoutMs, signal);
        if (outcome === "unmatched") counts.matched -= 1;
        if (outcome === "cancelled") counts.cancelled += 1;
      });
    }
    if (!dryRun) base.log.info({ tenant: query.tenant, ...counts }, "jobs cancelled by a filter");
    return counts;
  };
}

/** Cancels a job if its record matches the query, because the index may lag behind the record. */
async function cancel(
  { base, store, orchestrator }: CancelJobsParts,
  query: JobQuery,
  jobId: string,
): Promise<"cancelled" | "ended" | "unmatched"> {
  try {
    const job = await store.find(jobId);
    if (!job || !matchesQuery(query, rowOf(job.record, job.revision))) return "unmatched";
    const after = await orchestrator.apply(jobId, { $case: "cancel" });
    return after?.record.state === JobState.CANCELLED ? "cancelled" : "ended";
  } catch (error) {
    const { reason } = toAppError(error);
    if (reason !== "JOB_NOT_FOUND" && reason !== "MALFORMED_MESSAGE") throw error;
    base.log.debug({ err: error, jobId }, "job not cancelled");
    return "unmatched";
  }
}
