import { type Job, type JobServiceDefinition, JobState } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import type { CallOptions } from "./call-options.ts";
import { type CreateJobOptions, createJob } from "./create-job.ts";
import { type Download, type DownloadOptions, downloadOutput } from "./download-output.ts";
import type { Endings } from "./endings.ts";
import { callPatiently } from "./patience.ts";
import { isJobEnded, watchJob } from "./watch-job.ts";

/** Jobs of one tenant. Failures are AppErrors with a reason from the closed list. */
export type Jobs = {
  /** Answers once the job is durable. Sent with a request id always, so a repeat after a lost answer gives the same job. */
  create(options: CreateJobOptions): Promise<Job>;
  get(jobId: string, options?: CallOptions): Promise<Job>;
  /** Newest first; pages are fetched as the iteration goes on. */
  list(options?: CallOptions & { readonly state?: JobState; readonly pageSize?: number }): AsyncGenerator<Job>;
  /** The job now and at every change, until it is terminal; reconnects by itself. */
  watch(jobId: string, options?: CallOptions): AsyncGenerator<Job, void, undefined>;
  /** The job once it is terminal, whichever state that is. */
  wait(jobId: string, options?: CallOptions): Promise<Job>;
  /** Ends the job unless it has ended; answers it either way. */
  cancel(jobId: string, options?: CallOptions): Promise<Job>;
  /** One output: its header, then its bytes as chunks, checked against the header. */
  download(jobId: string, output: string, options?: DownloadOptions): Promise<Download>;
};

/** Jobs over one client. */
export function createJobs(rpc: RpcClient<JobServiceDefinition>, patienceMs: number, endings: Endings): Jobs {
  const patiently = <T>(options: CallOptions, call: (options: CallOptions) => Promise<T>) =>
    endings.call(options, (signal) => callPatiently(() => call({ ...options, signal }), { patienceMs, signal }));
  const watch = (jobId: string, options: CallOptions) =>
    endings.iterate(options, (signal) => watchJob(rpc, jobId, { patienceMs, signal }));
  return {
    create: (options) => endings.call(options, (signal) => createJob(rpc, { ...options, signal }, patienceMs)),
    get: (jobId, options = {}) => patiently(options, (call) => rpc.getJob({ jobId }, call)),
    async *list({ state = JobState.UNSPECIFIED, pageSize = 50, ...options } = {}) {
      let pageToken = "";
      do {
        const request = { state, pageSize, pageToken };
        const page = await patiently(options, (call) => rpc.listJobs(request, call));
        for (const job of page.jobs) {
          yield job;
          endings.check(options);
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
    cancel: (jobId, options = {}) => patiently(options, (call) => rpc.cancelJob({ jobId }, call)),
    async download(jobId, output, options = {}) {
      const { header, chunks } = await endings.call(options, (signal) =>
        downloadOutput(rpc, jobId, output, { patienceMs, ...options, signal }),
      );
      return { header, chunks: endings.iterate(options, () => chunks) };
    },
  };
}
