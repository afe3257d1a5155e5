import { type Job, type JobServiceDefinition, JobState } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import type { CallOptions } from "./call-options.ts";
import type { Cancellation } from "./cancellation.ts";
import { type CreateJobOptions, createJob } from "./create-job.ts";
import { type Download, type DownloadOptions, downloadOutput } from "./download-output.ts";
import { createRetriedCall } from "./retry.ts";
import { isJobEnded, watchJob } from "./watch-job.ts";

/** The jobs of one tenant. Calls fail with AppErrors. */
export type Jobs = {
  /** Resolves once the job is durable. Idempotent by its request id: a retry after a lost answer resolves to the same job. */
  create(options: CreateJobOptions): Promise<Job>;
  get(jobId: string, options?: CallOptions): Promise<Job>;
  /** Iterates from the newest job on. Fetches pages as needed. */
  list(options?: CallOptions & { readonly state?: JobState; readonly pageSize?: number }): AsyncGenerator<Job>;
  /** Iterates over the job's states, from now until a terminal one. Reconnects by itself. */
  watch(jobId: string, options?: CallOptions): AsyncGenerator<Job, void, undefined>;
  /** Resolves to the job once it is in a terminal state. */
  wait(jobId: string, options?: CallOptions): Promise<Job>;
  /** Cancels the job unless it has ended. Resolves to the job. */
  cancel(jobId: string, options?: CallOptions): Promise<Job>;
  /** Resolves to the header of an output and its bytes as chunks, which are checked against the header. */
  download(jobId: string, output: string, options?: DownloadOptions): Promise<Download>;
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
    create: (options) => cancellation.call(options, (signal) => createJob(rpc, { ...options, signal }, retryTimeoutMs)),
    get: (jobId, options = {}) => withRetries(options, (call) => rpc.getJob({ jobId }, call)),
    async *list({ state = JobState.UNSPECIFIED, pageSize = 50, ...options } = {}) {
      let pageToken = "";
      do {
        const request = { state, pageSize, pageToken };
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
    async download(jobId, output, options = {}) {
      const { header, chunks } = await cancellation.call(options, (signal) =>
        downloadOutput(rpc, jobId, output, { retryTimeoutMs, ...options, signal }),
      );
      return { header, chunks: cancellation.iterate(options, () => chunks) };
    },
  };
}
