import type { Job } from "@pixelmesh/proto";
import type { CreateJobOptions } from "../create-job.ts";
import type { JobSettings } from "../job-settings.ts";
import type { Jobs } from "../jobs.ts";
import { type FinishedJob, toFinishedJob } from "./finished-job.ts";
import { type PictureInput, stemOf, toPicture } from "./picture-input.ts";

/** Options of `run`. */
export type RunOptions = Omit<CreateJobOptions, "pipeline" | "feature" | "pictures"> & {
  /** Called with the job at each change and progress, up to its end. */
  readonly onProgress?: (job: Job) => void;
};

const cancelTimeoutMs = 5_000;

/**
 * Creates a job, follows it to its end and resolves to it. Throws what `jobs.create` throws, and the error of a job that fails. If the signal is aborted
 * after the job was created, the job is cancelled.
 */
export async function runJob(
  jobs: Jobs,
  work: Pick<JobSettings, "pipeline" | "feature">,
  given: PictureInput | readonly PictureInput[],
  { onProgress, ...options }: RunOptions,
): Promise<FinishedJob> {
  const inputs = isList(given) ? given : [given];
  const pictures = await Promise.all(inputs.map(toPicture));
  const { id } = await jobs.create({ ...options, ...work, pictures });
  let job: Job | undefined;
  try {
    for await (job of jobs.watch(id, options.signal ? { signal: options.signal } : {})) onProgress?.(job);
  } catch (error) {
    if (options.signal?.aborted)
      await jobs.cancel(id, { signal: AbortSignal.timeout(cancelTimeoutMs) }).catch(() => {});
    throw error;
  }
  if (job === undefined) throw new TypeError("A watch yields at least one job");
  return toFinishedJob(jobs, job, stemOf(inputs[0]));
}

function isList(given: PictureInput | readonly PictureInput[]): given is readonly PictureInput[] {
  return Array.isArray(given);
}
