import { AppError, reasonFromEnum } from "@pixelmesh/errors";
import { type Job, type JobError, JobState } from "@pixelmesh/proto";
import type { CallOptions } from "../call-options.ts";
import type { Download } from "../download-output.ts";
import type { Jobs } from "../jobs.ts";
import { type SaveOptions, saveOutputs } from "./save-outputs.ts";

/** A job that has succeeded. An output without a name is the first one. */
export type FinishedJob = {
  readonly job: Job;
  /** Resolves to the header of an output and its bytes as chunks. */
  download(output?: string, options?: CallOptions): Promise<Download>;
  /** Resolves to the bytes of an output, in memory. */
  bytes(output?: string, options?: CallOptions): Promise<Uint8Array>;
  /** Saves every output as `<dir>/<stem>.<output>.<extension>` and resolves to the paths. */
  saveOutputs(dir: string, options?: SaveOptions): Promise<string[]>;
};

/** Returns the outputs of a job that has ended. Throws the error of a job that has failed or was cancelled, with its id as metadata `job_id`. */
export function toFinishedJob(jobs: Jobs, job: Job, stem?: string): FinishedJob {
  if (job.state !== JobState.SUCCEEDED) throw toJobFailure(job.id, job.error);
  const download = (output = job.outputs[0]?.name ?? "", options: CallOptions = {}) =>
    jobs.download(job.id, output, options);
  return {
    job,
    download,
    async bytes(output, options) {
      const { chunks } = await download(output, options);
      return Buffer.concat(await Array.fromAsync(chunks));
    },
    saveOutputs: (dir, options = {}) =>
      saveOutputs(jobs, job, dir, { ...(stem === undefined ? {} : { stem }), ...options }),
  };
}

/** Converts the error of a job to the error that is thrown. */
export function toJobFailure(jobId: string, error: JobError | undefined): AppError {
  const metadata = { job_id: jobId };
  if (error === undefined) return new AppError("CANCELLED", "The job was cancelled", { metadata });
  return new AppError(reasonFromEnum(error.reason), error.message, { metadata });
}
