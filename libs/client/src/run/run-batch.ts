import { AppError, expected } from "@pixelmesh/errors";
import { type Batch, type BatchJob, JobState } from "@pixelmesh/proto";
import type { Batches } from "../batches.ts";
import type { BatchPicture, CreateBatchOptions } from "../create-batch.ts";
import type { JobSettings } from "../job-settings.ts";
import type { Jobs } from "../jobs.ts";
import { type FinishedJob, toFinishedJob, toJobFailure } from "./finished-job.ts";
import { stemOf, stemsOf, toPicture } from "./picture-input.ts";

/** One picture of a batch, when its job has ended: the finished job, or its error. */
export type BatchResult = {
  /** Of the picture in the list, from 0. */
  readonly index: number;
  readonly name: string;
} & (
  | { readonly finished: FinishedJob; readonly error?: undefined }
  | { readonly error: AppError; readonly finished?: undefined }
);

/** Options of `runBatch`. */
export type RunBatchOptions = Omit<CreateBatchOptions, "pipeline" | "feature" | "pictures"> & {
  /** Called once for each picture, as its job ends; may download its outputs. A failure ends `runBatch`; the batch itself goes on. */
  readonly onResult?: (result: BatchResult) => Promise<void> | void;
  /** Calls of `onResult` at once, 1 to 64; default 4. */
  readonly concurrency?: number;
};

/**
 * Uploads pictures, creates a batch of them and follows it to its end. Resolves to the batch after the last `onResult`. A picture is the path of a
 * file, or any form that `batches.create` takes. Holds the results of at most `concurrency` pictures at once.
 */
export async function runBatch(
  batches: Batches,
  jobs: Jobs,
  work: Pick<JobSettings, "pipeline" | "feature">,
  inputs: readonly (string | BatchPicture)[],
  { onResult = () => {}, concurrency = 4, ...options }: RunBatchOptions,
): Promise<Batch> {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64)
    throw expected("concurrency", "an integer from 1 to 64", concurrency);
  const pictures = await toPictures(inputs);
  const stems = stemsOf(inputs);
  const { signal } = options;
  const call = signal ? { signal } : {};
  const { id } = await batches.create({ ...options, ...work, pictures });

  async function toResult({ index, name, jobId, state, error }: BatchJob): Promise<BatchResult> {
    const named = { index, name };
    if (state !== JobState.SUCCEEDED) return { ...named, error: toJobFailure(jobId, error) };
    const result = await jobs.get(jobId, call).then(
      (job) => ({ finished: toFinishedJob(jobs, job, stems[index]) }),
      (failure: unknown) => {
        // The record of a job may be gone before its batch is read.
        if (failure instanceof AppError && failure.reason === "JOB_NOT_FOUND") return { error: failure };
        throw failure;
      },
    );
    return { ...named, ...result };
  }

  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  function begin(ended: BatchJob): void {
    const work = toResult(ended)
      .then(onResult)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(work));
    running.add(work);
  }

  let last: Batch | undefined;
  for await (last of batches.watch(id, call)) {
    for (const ended of last.ended) {
      begin(ended);
      if (running.size >= concurrency) await Promise.race(running);
      if (failure) break;
    }
    if (failure) break;
  }
  await Promise.all(running);
  if (failure) throw failure.error;
  if (last === undefined) throw new TypeError("A watch yields at least one batch");
  return last;
}

async function toPictures(inputs: readonly (string | BatchPicture)[]): Promise<BatchPicture[]> {
  const pictures: BatchPicture[] = [];
  for (const input of inputs) {
    if (typeof input !== "string") pictures.push(input);
    else pictures.push({ name: `${stemOf(input)}`, ...(await toOpened(input)) });
  }
  return pictures;
}

async function toOpened(path: string): Promise<BatchPicture> {
  const { open } = await toPicture(path);
  return open ? { open } : {};
}
