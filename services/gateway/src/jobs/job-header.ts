import type { PipelineFlags } from "@pixelmesh/pipeline-flags";
import { type CreateJobHeader, type FeatureRequest, type Pipeline, Priority, Quality } from "@pixelmesh/proto";

const priorities = { interactive: Priority.INTERACTIVE, batch: Priority.BATCH } as const;
const qualities = { auto: Quality.AUTO, high: Quality.HIGH, balanced: Quality.BALANCED, fast: Quality.FAST } as const;

/** Settings of a job that its query or its headers name besides the pipeline. */
export type HeaderSettings = { readonly requestId: string; readonly callbackUrl: string };

/** A pipeline, or the feature that stands for one. */
export type AskedWork =
  | { readonly pipeline: Pipeline; readonly feature?: undefined }
  | { readonly pipeline?: undefined; readonly feature: FeatureRequest };

/** Returns the header of a job as the names of a query ask for it. */
export function toJobHeader(flags: PipelineFlags, work: AskedWork, settings: HeaderSettings): CreateJobHeader {
  return {
    pipeline: work.pipeline,
    priority: priorities[flags.priority],
    quality: qualities[flags.quality],
    allowDegraded: flags.allowDegraded,
    noCache: flags.noCache,
    refresh: flags.refresh,
    requestId: settings.requestId,
    maxOutputPixels: 0,
    deadlineUnixMs: 0,
    deadlineAfterMs: flags.deadlineMs ?? 0,
    labels: [...flags.labels],
    callbackUrl: settings.callbackUrl,
    feature: work.feature,
  };
}
