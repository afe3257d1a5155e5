import { type Job, type JobServiceDefinition, JobState } from "@pixelmesh/proto";
import { createBackoff, type RpcClient } from "@pixelmesh/rpc/client";

/** Whether the job is in a terminal state. */
export function isJobEnded(job: Job): boolean {
  return job.state === JobState.SUCCEEDED || job.state === JobState.FAILED || job.state === JobState.CANCELLED;
}

/** How long a stream may stay open after its last message. */
const endTimeoutMs = 1_000;

/**
 * Yields the job now and at each change or progress, up to its terminal state. If the watched replica stops or is lost, it watches
 * another one. Skips states older than the last one, and never lowers the progress. Throws JOB_NOT_FOUND, or the failure that lasted
 * longer than `retryTimeoutMs`.
 */
export async function* watchJob(
  rpc: RpcClient<JobServiceDefinition>,
  jobId: string,
  options: { readonly retryTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Job, void, undefined> {
  const { signal } = options;
  const backoff = createBackoff(options.retryTimeoutMs);
  let lastRevision = 0;
  let maxProgress = 0;
  let ended: Job | undefined;
  for (;;) {
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;
    const streamEnd = new AbortController();
    try {
      for await (const job of rpc.watchJob(
        { jobId },
        { signal: AbortSignal.any([streamEnd.signal, ...(signal ? [signal] : [])]) },
      )) {
        backoff.reset();
        if (job.revision < lastRevision || ended) continue;
        lastRevision = job.revision;
        if (isJobEnded(job)) {
          // Read the stream to its end: a cancelled stream is reset, and servers end connections with too many resets (nghttp2:
          // more than 1,000, then 33 a second).
          ended = job;
          timer = setTimeout(() => streamEnd.abort(), endTimeoutMs);
        } else {
          // A replica that has just started may not know the progress yet.
          maxProgress = Math.max(maxProgress, job.progress);
          yield job.progress < maxProgress ? { ...job, progress: maxProgress } : job;
        }
      }
    } catch (error) {
      failure = error;
    } finally {
      clearTimeout(timer);
    }
    if (ended) {
      yield ended;
      return;
    }
    await backoff.wait(failure, signal);
  }
}
