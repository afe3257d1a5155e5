import { randomUUID } from "node:crypto";
import { expected } from "@pixelmesh/errors";
import { type CreateJobHeader, Pipeline, type Priority, Quality } from "@pixelmesh/proto";
import { type FeatureSettings, toFeatureMessage } from "./feature-settings.ts";
import { type PipelineBuilder, toPipelineMessage } from "./pipeline/pipeline.ts";
import type { PipelineInput } from "./pipeline/pipeline-input.ts";

/** Settings of one job, or of every job of a batch: a pipeline or a feature, and how it is run. */
export type JobSettings = {
  /** A message, or what `pipeline()` builds. */
  readonly pipeline?: PipelineInput | PipelineBuilder;
  /** In place of a pipeline: a named pipeline of the mesh. */
  readonly feature?: FeatureSettings;
  /** Default INTERACTIVE for a job, BATCH for a batch. */
  readonly priority?: Priority;
  /** Default AUTO. */
  readonly quality?: Quality;
  /** Permits smaller sizes, lighter models or a CPU. The job lists its adaptations. Default false. */
  readonly allowDegraded?: boolean;
  /** Neither reads nor writes cached results. Default false. */
  readonly noCache?: boolean;
  /** Computes every step again; the results replace the cached ones. Not with `noCache`. Default false. */
  readonly refresh?: boolean;
  /** At most 8 labels of 1 to 63 characters (letters, digits, `._-/:`), by which jobs can be listed. Default: none. */
  readonly labels?: readonly string[];
  /** Idempotency key, at most 128 characters: jobs, or batches, of one tenant with the same id are one. Default: a random id. */
  readonly requestId?: string;
  /** A larger result is refused before work starts; default: the mesh's limit. */
  readonly maxOutputPixels?: number;
  /** An http or https address that the mesh calls when the job has ended, where the mesh allows it. Default: none. */
  readonly callbackUrl?: string;
};

/** Returns the header of a request with these settings, without a deadline. Throws INVALID_ARGUMENT unless they have either a pipeline or a feature. */
export function toHeader(settings: JobSettings, defaultPriority: Priority): CreateJobHeader {
  const { pipeline, feature } = settings;
  if ((pipeline === undefined) === (feature === undefined))
    throw expected("pipeline", "given, or feature", pipeline === undefined ? "neither" : "both");
  return {
    pipeline: pipeline && Pipeline.fromPartial(toPipelineMessage(pipeline)),
    priority: settings.priority ?? defaultPriority,
    quality: settings.quality ?? Quality.AUTO,
    allowDegraded: settings.allowDegraded ?? false,
    noCache: settings.noCache ?? false,
    refresh: settings.refresh ?? false,
    requestId: settings.requestId ?? randomUUID(),
    maxOutputPixels: settings.maxOutputPixels ?? 0,
    deadlineUnixMs: 0,
    deadlineAfterMs: 0,
    labels: [...(settings.labels ?? [])],
    callbackUrl: settings.callbackUrl ?? "",
    feature: feature === undefined ? undefined : toFeatureMessage(feature),
  };
}
