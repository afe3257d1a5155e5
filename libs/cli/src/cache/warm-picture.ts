import { AppError, JobState, type Pixelmesh, reasonFromEnum, type WarmResultsResponse } from "@pixelmesh/client";
import type { Failure } from "@pixelmesh/flag-values";
import { toFailure } from "../run/failure.ts";
import { type PictureTask, toJobSettings } from "../run/run-picture.ts";
import { digestsOf, openFiles } from "./open-pictures.ts";

/**
 * What was done for a picture. `there`: all its outputs were in their fastest tiers. `promoted`: they were stored, and are copied there now.
 * `computed`: a job made those that were missing. `stored` and `missing` are the answers of a dry run.
 */
export const warmStates = ["there", "promoted", "computed", "stored", "missing", "failed"] as const;

/** One of them. */
export type WarmState = (typeof warmStates)[number];

/** The result of one picture. Part of the contract of `cache warm --json`. */
export type WarmedPicture = {
  readonly path: string;
  readonly state: WarmState;
  readonly outputs: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly bytes: number;
    readonly tiers: readonly string[];
  }[];
  /** Id of the job that computed outputs. */
  readonly job: string | null;
  /** Steps whose results were stored before. */
  readonly storedSteps: readonly string[];
  readonly computedSteps: readonly string[];
  readonly error: Failure | null;
};

const cancelTimeoutMs = 3_000;

/** The work on one picture. */
export type WarmTask = Pick<PictureTask, "path" | "flags" | "pipeline" | "feature" | "effectPictures" | "explain">;

/**
 * Promotes the stored results of a picture and has the missing ones computed; with `refresh` in its flags all are computed. Never throws: an error becomes the
 * result's `error`.
 */
export async function warmPicture(
  client: Pixelmesh,
  task: WarmTask,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<WarmedPicture> {
  try {
    const pictures = await digestsOf(task);
    const { refresh } = task.flags;
    const settings = { ...toJobSettings(task), refresh: false };
    const warm = () => client.jobs.warm({ ...settings, pictures, dryRun: isDryRun, signal });
    const before = refresh ? undefined : await orUnknown(warm());
    if (isDryRun) return toResult(task, before?.complete ? "stored" : "missing", before);
    if (before?.complete) return toResult(task, hasMoved(before) ? "promoted" : "there", before);
    const job = await compute(client, task, signal);
    const computedSteps = job.steps.filter((step) => !step.cached).map(({ id }) => id);
    const storedSteps = job.steps.filter((step) => step.cached).map(({ id }) => id);
    const after = await warm();
    const state = computedSteps.length > 0 ? "computed" : "promoted";
    return { ...toResult(task, state, after), job: job.id, storedSteps, computedSteps };
  } catch (error) {
    return { ...toResult(task, "failed", undefined), error: task.explain(toFailure(error)) };
  }
}

/** Undefined if the tenant has not sent the picture: then none of its results can be known. */
async function orUnknown(warming: Promise<WarmResultsResponse>): Promise<WarmResultsResponse | undefined> {
  try {
    return await warming;
  } catch (error) {
    if (error instanceof AppError && error.reason === "BLOB_NOT_FOUND") return undefined;
    throw error;
  }
}

async function compute(client: Pixelmesh, task: WarmTask, signal: AbortSignal) {
  const { deadlineMs } = task.flags;
  const created = await client.jobs.create({
    ...toJobSettings(task),
    pictures: await openFiles(task, signal),
    ...(deadlineMs === undefined ? {} : { deadline: new Date(Date.now() + deadlineMs) }),
    signal,
  });
  const job = await waitOrCancel(client, created.id, signal);
  if (job.state === JobState.SUCCEEDED) return job;
  throw job.error
    ? new AppError(reasonFromEnum(job.error.reason), job.error.message)
    : new AppError("CANCELLED", `Job ${job.id} was cancelled`);
}

/** Waits for a job. When the command is stopped, it cancels the job, whose hosted models would cost money. */
async function waitOrCancel(client: Pixelmesh, id: string, signal: AbortSignal) {
  try {
    return await client.jobs.wait(id, { signal });
  } catch (error) {
    if (signal.aborted) await client.jobs.cancel(id, { signal: AbortSignal.timeout(cancelTimeoutMs) }).catch(() => {});
    throw error;
  }
}

function hasMoved({ outputs }: WarmResultsResponse): boolean {
  return outputs.some(({ copies }) => copies.some((copy) => copy.moved));
}

function toResult({ path }: WarmTask, state: WarmState, found: WarmResultsResponse | undefined): WarmedPicture {
  const outputs = (found?.outputs ?? []).map(({ name, sha256, sizeBytes, copies }) => ({
    name,
    sha256,
    bytes: sizeBytes,
    tiers: [...new Set(copies.map(({ tier }) => tier || "disk"))].sort(),
  }));
  const storedSteps = (found?.steps ?? []).filter((step) => step.stored).map(({ stepId }) => stepId);
  return { path, state, outputs, job: null, storedSteps, computedSteps: [], error: null };
}
