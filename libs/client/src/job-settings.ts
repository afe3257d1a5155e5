import { randomUUID } from "node:crypto";
import { type CreateJobHeader, Pipeline, type Priority, Quality } from "@pixelmesh/proto";
import { type PipelineBuilder, toPipelineMessage } from "./pipeline/pipeline.ts";
import type { PipelineInput } from "./pipeline/pipeline-input.ts";

/** Settings of one job, or of every job of a batch. */
export type JobSettings = {
  /** A message, or what `pipeline()` builds. */
  readonly pipeline: PipelineInput | PipelineBuilder;
  /** Default INTERACTIVE for a job, BATCH for a batch. */
  readonly priority?: Priority;
  /** Default AUTO. */
  readonly quality?: Quality;
  /** Permits smaller sizes, lighter models or a CPU. The job lists its adaptations. Default false. */
  readonly allowDegraded?: boolean;
  /** Neither reads nor writes cached results. Default false. */
  readonly noCache?: boolean;
  /** At most 8 labels of 1 to 63 characters (letters, digits, `._-/:`), by which jobs can be listed. Default: none. */
  readonly labels?: readonly string[];
  /** Idempotency key, at most 128 characters: jobs, or batches, of one tenant with the same id are one. Default: a random id. */
  readonly requestId?: string;
  /** A larger result is refused before work starts; default: the mesh's limit. */
  readonly maxOutputPixels?: number;
  /** An http or https address that the mesh calls when the job has ended, where the mesh allows it. Default: none. */
  readonly callbackUrl?: string;
};

/** Returns the header of a request with these settings, without a deadline. */
export function toHeader(settings: JobSettings, defaultPriority: Priority): CreateJobHeader {
  return {
    pipeline: Pipeline.fromPartial(toPipelineMessage(settings.pipeline)),
    priority: settings.priority ?? defaultPriority,
    quality: settings.quality ?? Quality.AUTO,
    allowDegraded: settings.allowDegraded ?? false,
    noCache: settings.noCache ?? false,
    requestId: settings.requestId ?? randomUUID(),
    maxOutputPixels: settings.maxOutputPixels ?? 0,
    deadlineUnixMs: 0,
    deadlineAfterMs: 0,
    labels: [...(settings.labels ?? [])],
    callbackUrl: settings.callbackUrl ?? "",
  };
}
