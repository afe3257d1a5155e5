import { AppError } from "@pixelmesh/errors";
import {
  ImageFormat,
  ImageInfo,
  type JobRecord,
  type JobSpec,
  JobState,
  type Source,
  type StepInput,
  StepState,
  WorkItem,
} from "@pixelmesh/proto";
import { type Wanted, wantedOf } from "./result-coverage.ts";

/** A step that may run now. It is looked up in the result cache, and dispatched if no result is there. */
export type ReadyStep = Wanted & {
  /** Index of the step in specification and record. */
  readonly index: number;
  readonly stepId: string;
  readonly service: string;
  readonly attempt: number;
  /** Empty with no_cache: the result is neither read from nor written to the cache. */
  readonly resultKey: string;
  /** Computed again: only a result that the step's own job made is used. */
  readonly refresh: boolean;
  /** When its last input was made, or the previous attempt failed. */
  readonly readyUnixMs: number;
  /** Retry backoff before the dispatch, in milliseconds; 0 for the first attempt. */
  readonly delayMs: number;
};

/** When a work item is made, and until when its results must be kept, in milliseconds since 1970. */
export type WorkTimes = { readonly nowUnixMs: number; readonly keepUntilUnixMs: number };

/**
 * Every step that is READY, in topological order. It follows from the record alone, and so can be computed again after a crash. An
 * ended job has none.
 */
export function readySteps(spec: JobSpec, record: JobRecord): ReadyStep[] {
  if (record.state !== JobState.RUNNING) return [];
  return record.steps.flatMap((step, index) => {
    if (step.state !== StepState.READY) return [];
    const { id: stepId, attempt, resultKey } = step;
    const readyUnixMs = Math.max(step.readyUnixMs, step.retryUnixMs);
    const service = spec.steps[index]?.service ?? "";
    const delayMs = retryDelayMs(attempt);
    const { refresh } = spec;
    return [{ index, stepId, service, attempt, resultKey, refresh, readyUnixMs, delayMs, ...wantedOf(spec, stepId) }];
  });
}

/** Retry backoff before an attempt: none before the first, 0.5 s before the second, then doubling up to 10 s. */
export function retryDelayMs(attempt: number): number {
  return attempt <= 1 ? 0 : Math.min(10_000, 500 * 2 ** (attempt - 2));
}

/** The work item of a step. Throws INTERNAL if an input is missing; a READY step has all of its inputs. */
export function toWorkItem(spec: JobSpec, record: JobRecord, stepIndex: number, times: WorkTimes): WorkItem {
  const planned = spec.steps[stepIndex];
  const step = record.steps[stepIndex];
  if (planned === undefined || step === undefined) throw new AppError("INTERNAL", `The job has no step ${stepIndex}`);
  return WorkItem.create({
    jobId: spec.jobId,
    stepId: step.id,
    attempt: step.attempt,
    tenant: spec.tenant,
    priority: spec.priority,
    deadlineUnixMs: spec.deadlineUnixMs,
    step: planned.step ?? {},
    inputs: stepInputs(spec, record, stepIndex),
    ...wantedOf(spec, step.id),
    resultKey: step.resultKey,
    refresh: spec.refresh,
    allowDegraded: spec.allowDegraded,
    modelDigest: planned.modelDigest,
    keepUntilUnixMs: times.keepUntilUnixMs,
    publishedUnixMs: times.nowUnixMs,
    expectedMs: planned.expectedMs,
    limits: spec.limits,
    sharedEffects: planned.sharedEffects,
    largerModels: planned.largerModels,
  });
}

/** The stored pictures that a step takes in, in order, with their sizes. Throws INTERNAL if one is missing. */
export function stepInputs(spec: JobSpec, record: JobRecord, stepIndex: number): StepInput[] {
  const inputs = spec.steps[stepIndex]?.step?.inputs ?? [];
  return inputs.map(({ from }) => {
    const source = from?.$case === "upload" ? spec.sources.find(({ name }) => name === from.value) : undefined;
    if (source !== undefined) return sourceInput(source);
    const made = from?.$case === "step" ? record.steps.find(({ id }) => id === from.value)?.result : undefined;
    if (made?.frame === undefined)
      throw new AppError("INTERNAL", `Step ${stepIndex} lacks its input ${from?.value ?? ""}`);
    const { frame: blob, widthPx, heightPx, channels } = made;
    return { blob, widthPx, heightPx, channels, content: new Uint8Array(0) };
  });
}

const mediaTypes: ReadonlyMap<ImageFormat, string> = new Map([
  [ImageFormat.JPEG, "image/jpeg"],
  [ImageFormat.PNG, "image/png"],
  [ImageFormat.WEBP, "image/webp"],
  [ImageFormat.AVIF, "image/avif"],
  [ImageFormat.GIF, "image/gif"],
  [ImageFormat.TIFF, "image/tiff"],
]);

function sourceInput({ sha256, info = ImageInfo.create() }: Source): StepInput {
  const { format, sizeBytes, widthPx, heightPx, channels } = info;
  const mediaType = mediaTypes.get(format) ?? "application/octet-stream";
  return { blob: { sha256, sizeBytes, mediaType }, widthPx, heightPx, channels, content: new Uint8Array(0) };
}
