import { waitForBroker } from "@pixelmesh/bus";
import { type AppError, toAppError } from "@pixelmesh/errors";
import { JobState, type RetryJobsRequest, type RetryJobsResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { inParallel } from "../domain/in-parallel.ts";
import { toJobError } from "../domain/job-error.ts";
import type { JobIndex } from "../listing/job-index.ts";
import { type JobQuery, matchesQuery } from "../listing/job-query.ts";
import { rowOf } from "../listing/job-row.ts";
import { walkJobs } from "../listing/walk-jobs.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import { callTenant } from "./call-tenant.ts";
import { findEarlierJob } from "./create-job/earlier-job.ts";
import { parseCriteria, withStates } from "./parse-filter.ts";
import { brokerTimeoutMs } from "./repeatable.ts";
import { type CopyParts, createStartCopy, type StartCopy } from "./start-copy.ts";

/** Dependencies of `createRetryJobs`. */
export type RetryJobsParts = CopyParts & {
  readonly store: Pick<JobStore, "find" | "findRequest">;
  readonly index: Pick<JobIndex, "ready" | "page">;
};

const maxExamined = 10_000;
const maxRetried = 1_000;
const concurrency = 16;

/** Returns the request id of the job that retries a job. It is claimed, so a job is retried once. */
function retryIdOf(jobId: string): string {
  return `retry:${jobId}`;
}

/**
 * RetryJobs: creates a new job for each failed or cancelled job of the tenant that a filter matches, at most 1,000. Jobs of batches and
 * those that were retried before are left out. Counts only, in a dry run. A refusal ends the call early; if it comes before the first
 * new job, it is thrown.
 */
export function createRetryJobs(parts: RetryJobsParts) {
  const startCopy = createStartCopy(parts);

  return async ({ filter, dryRun }: RetryJobsRequest, { signal }: CallContext): Promise<RetryJobsResponse> => {
    const criteria = parseCriteria(filter, callTenant());
    const query = { ...withStates(criteria, [JobState.FAILED, JobState.CANCELLED]), isRetryable: true };
    const jobIds = await findUnretried(parts, query, signal);
    if (dryRun) return { matched: jobIds.length, jobIds: [], withoutPictures: 0, stopped: undefined };
    const { created, gone, refusal } = await retryAll(parts, startCopy, jobIds.slice(0, maxRetried), signal);
    if (refusal && created.length === 0) throw refusal;
    const counts = { matched: jobIds.length, created: created.length, gone, reason: refusal?.reason };
    parts.base.log.info({ tenant: query.tenant, ...counts }, "jobs retried by a filter");
    const stopped = refusal && toJobError(refusal);
    return { matched: jobIds.length, jobIds: created.sort(), withoutPictures: gone, stopped };
  };
}

/** Returns the ids of the jobs that match and were not retried before, newest first. */
async function findUnretried(parts: RetryJobsParts, query: JobQuery, signal: AbortSignal): Promise<string[]> {
  const { base, index } = parts;
  const found: string[] = [];
  for await (const rows of walkJobs(index, query, maxExamined, signal)) {
    const unretried = new Set<string>();
    await inParallel(rows, concurrency, async ({ jobId }) => {
      signal.throwIfAborted();
      const job = await waitForBroker(base.log, () => findOne(parts, query, jobId), brokerTimeoutMs, signal);
      if (job) unretried.add(jobId);
    });
    for (const { jobId } of rows) if (unretried.has(jobId)) found.push(jobId);
  }
  return found;
}

/** Returns a job unless its record does not match, cannot be read, or the job was retried. */
async function findOne({ store }: RetryJobsParts, query: JobQuery, jobId: string): Promise<StoredJob | undefined> {
  try {
    const job = await store.find(jobId);
    if (!job || !matchesQuery(query, rowOf(job.record, job.revision))) return undefined;
    return (await findEarlierJob(store, query.tenant, retryIdOf(jobId))) ? undefined : job;
  } catch (error) {
    if (toAppError(error).reason === "MALFORMED_MESSAGE") return undefined;
    throw error;
  }
}

/** The end of a call. */
type Retried = { readonly created: string[]; readonly gone: number; readonly refusal: AppError | undefined };

/** Retries jobs until one of them is refused. */
async function retryAll(
  { store }: RetryJobsParts,
  startCopy: StartCopy,
  jobIds: readonly string[],
  signal: AbortSignal,
): Promise<Retried> {
  const created: string[] = [];
  let gone = 0;
  let refusal: AppError | undefined;

  async function retry(jobId: string): Promise<void> {
    const job = await store.find(jobId);
    if (!job) return;
    const { spec } = await startCopy(job, retryIdOf(jobId), signal);
    created.push(spec.jobId);
  }

  await inParallel(jobIds, concurrency, async (jobId) => {
    if (refusal) return;
    try {
      signal.throwIfAborted();
      await retry(jobId);
    } catch (error) {
      const failure = toAppError(error);
      if (failure.reason === "BLOB_NOT_FOUND") gone += 1;
      else refusal ??= failure;
    }
  });
  return { created, gone, refusal };
}
