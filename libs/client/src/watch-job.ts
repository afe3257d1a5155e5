import { type Job, type JobServiceDefinition, JobState } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import { createPatience } from "./patience.ts";

/** Whether the job has reached the one state it stays in. */
export function isJobEnded(job: Job): boolean {
  return job.state === JobState.SUCCEEDED || job.state === JobState.FAILED || job.state === JobState.CANCELLED;
}

/** How long a stream may stay open after its last message. */
const endTimeoutMs = 1_000;

/**
 * The job now and whenever it changes or progresses; ends after the terminal state. When the replica that was watched
 * stops or is lost, another one is; what is older than what was seen is left out, and progress does not fall. Throws JOB_NOT_FOUND, or what kept it
 * from the mesh for longer than `patienceMs`.
 */
export async function* watchJob(
  rpc: RpcClient<JobServiceDefinition>,
  jobId: string,
  options: { readonly patienceMs: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Job, void, undefined> {
  const { signal } = options;
  const patience = createPatience(options.patienceMs);
  let lastRevision = 0;
  let most = 0;
  let ended: Job | undefined;
  for (;;) {
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;
    const over = new AbortController();
    try {
      for await (const job of rpc.watchJob(
        { jobId },
        { signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) },
      )) {
        patience.reset();
        if (job.revision < lastRevision || ended) continue;
        lastRevision = job.revision;
        if (isJobEnded(job)) {
          // The stream ends with it. It is read to that end: to cancel it would be to reset it, and servers end connections with
          // too many resets (nghttp2: more than 1,000, then 33 a second).
          ended = job;
          timer = setTimeout(() => over.abort(), endTimeoutMs);
        } else {
          // A replica that has just started may not have heard yet how far the job is.
          most = Math.max(most, job.progress);
          yield job.progress < most ? { ...job, progress: most } : job;
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
    await patience.wait(failure, signal);
  }
}
