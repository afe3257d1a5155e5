import { type Job, type JobServiceDefinition, JobState } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import { createPatience } from "./patience.ts";

/** Whether the job has reached the one state it stays in. */
export function isJobEnded(job: Job): boolean {
  return job.state === JobState.SUCCEEDED || job.state === JobState.FAILED || job.state === JobState.CANCELLED;
}

/**
 * The job now and whenever it changes or progresses; ends after the terminal state. When the replica that was watched
 * stops or is lost, another one is; what is older than what was seen is left out. Throws JOB_NOT_FOUND, or what kept it
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
  for (;;) {
    let failure: unknown;
    try {
      for await (const job of rpc.watchJob({ jobId }, signal ? { signal } : {})) {
        patience.reset();
        if (job.revision < lastRevision) continue;
        lastRevision = job.revision;
        yield job;
        if (isJobEnded(job)) return;
      }
    } catch (error) {
      failure = error;
    }
    await patience.wait(failure, signal);
  }
}
