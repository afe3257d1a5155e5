import {
  type CancelJobsResponse,
  type Job,
  type JobServiceDefinition,
  JobState,
  type RetryJobsResponse,
  type WarmResultsResponse,
} from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import { type Callbacks, createCallbacks } from "./callbacks.ts";
import type { Cancellation } from "./cancellation.ts";
import { type CreateJobOptions, createJob } from "./create-job.ts";
import { type Download, type DownloadOptions, downloadOutput } from "./download-output.ts";
import { type JobFilter, toFilterMessage } from "./job-filter.ts";
import { createRetriedCall } from "./retry.ts";
import { type WarmOptions, warmResults } from "./warm-results.ts";
import { isJobEnded, watchJob } from "./watch-job.ts";

/** The jobs of one tenant. Calls fail with AppErrors. */
export type Jobs = Callbacks & {
  /** Resolves once the job is durable. Idempotent by its request id: a retry after a lost answer resolves to the same job. */
  create(options: CreateJobOptions): Promise<Job>;
  get(jobId: string, options?: CallOptions): Promise<Job>;
  /** Iterates from the newest job on. Fetches pages as needed. */
  list(options?: ListOptions): AsyncGenerator<Job>;
  /** Iterates over the job's states, from now until a terminal one. Reconnects by itself. */
  watch(jobId: string, options?: CallOptions): AsyncGenerator<Job, void, undefined>;
  /** Resolves to the job once it is in a terminal state. */
  wait(jobId: string, options?: CallOptions): Promise<Job>;
  /** Cancels the job unless it has ended. Resolves to the job. */
  cancel(jobId: string, options?: CallOptions): Promise<Job>;
  /** Cancels the unfinished jobs that a filter matches, at most 10,000 in one call; only counts them with `dryRun`. */
  cancelMany(filter: JobFilter, options?: ManyOptions): Promise<CancelJobsResponse>;
  /**
   * Creates a new job for each failed or cancelled job that a filter matches, at most 1,000 in one call; only counts them with `dryRun`. A
   * job is retried once. Jobs of batches are left out. `stopped` tells why the call ended before all were retried.
   */
  retryMany(filter: JobFilter, options?: ManyOptions): Promise<RetryJobsResponse>;
  /**
   * Resolves to the stored results of a job like this one, which is not created, and has every storage replica copy its outputs to its fastest
   * tier. Throws BLOB_NOT_FOUND for a picture that the tenant has not sent.
   */
  warm(options: WarmOptions): Promise<WarmResultsResponse>;
  /** Resolves to the header of an output and its bytes as chunks, which are checked against the header. */
  download(jobId: string, output: string, options?: DownloadOptions): Promise<Download>;
};

/** Options of `Jobs.list`. */
export type ListOptions = CallOptions & {
  readonly state?: JobState;
  readonly filter?: JobFilter;
  /** 1 to 200, default 50. */
  readonly pageSize?: number;
};

/** Options of `Jobs.cancelMany` and `Jobs.retryMany`. */
export type ManyOptions = CallOptions & {
  /** Only counts. Default false. */
  readonly dryRun?: boolean;
  /** Default: the client's, 30 s. Allow a minute for thousands of jobs. */
  readonly timeoutMs?: number;
};

/** Creates the access to jobs over one client. */
export function createJobs(
  rpc: RpcClient<JobServiceDefinition>,
  retryTimeoutMs: number,
  cancellation: Cancellation,
): Jobs {
  const withRetries = createRetriedCall(cancellation, retryTimeoutMs);
  const watch = (jobId: string, options: CallOptions) =>
    cancellation.iterate(options, (signal) => watchJob(rpc, jobId, { retryTimeoutMs, signal }));
  return {
    ...createCallbacks(rpc, retryTimeoutMs, cancellation),
    create: (options) => cancellation.call(options, (signal) => createJob(rpc, { ...options, signal }, retryTimeoutMs)),
    get: (jobId, options = {}) => withRetries(options, (call) => rpc.getJob({ jobId }, call)),
    async *list({ state = JobState.UNSPECIFIED, filter = {}, pageSize = 50, ...options } = {}) {
      let pageToken = "";
      do {
        const request = { state, pageSize, pageToken, filter: toFilterMessage(filter) };
        const page = await withRetries(options, (call) => rpc.listJobs(request, call));
        for (const job of page.jobs) {
          yield job;
          cancellation.check(options);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    watch: (jobId, options = {}) => watch(jobId, options),
    async wait(jobId, options = {}) {
      let last: Job | undefined;
      for await (const job of watch(jobId, options)) last = job;
      if (last === undefined || !isJobEnded(last)) throw new Error("A watch ends with a terminal job only");
      return last;
    },
    cancel: (jobId, options = {}) => withRetries(options, (call) => rpc.cancelJob({ jobId }, call)),
    cancelMany(filter, { dryRun = false, ...options } = {}) {
      const request = { filter: toFilterMessage(filter), dryRun };
      return withRetries(options, (call) => rpc.cancelJobs(request, { ...options, ...call }));
    },
    retryMany(filter, { dryRun = false, ...options } = {}) {
      const request = { filter: toFilterMessage(filter), dryRun };
      // Not retried: the answer to a repetition lacks the jobs that the lost answer named.
      return cancellation.call(options, (signal) => rpc.retryJobs(request, { ...options, signal }));
    },
    warm: (options) => withRetries(options, (call) => warmResults(rpc, options, call)),
    async download(jobId, output, options = {}) {
      const { header, chunks } = await cancellation.call(options, (signal) =>
        downloadOutput(rpc, jobId, output, { retryTimeoutMs, ...options, signal }),
      );
      return { header, chunks: cancellation.iterate(options, () => chunks) };
    },
  };
}
