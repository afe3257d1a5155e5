import type { PipelineFlags } from "@pixelmesh/pipeline-flags";
import { type CreateJobHeader, type Pipeline, Priority, Quality } from "@pixelmesh/proto";

const priorities = { interactive: Priority.INTERACTIVE, batch: Priority.BATCH } as const;
const qualities = { auto: Quality.AUTO, high: Quality.HIGH, balanced: Quality.BALANCED, fast: Quality.FAST } as const;

/** Settings of a job that its query or its headers name besides the pipeline. */
export type HeaderSettings = { readonly requestId: string; readonly callbackUrl: string };

/** Returns the header of a job as the names of a query ask for it. */
export function toJobHeader(flags: PipelineFlags, pipeline: Pipeline, settings: HeaderSettings): CreateJobHeader {
  return {
    pipeline,
    priority: priorities[flags.priority],
    quality: qualities[flags.quality],
    allowDegraded: flags.allowDegraded,
    noCache: flags.noCache,
    requestId: settings.requestId,
    maxOutputPixels: 0,
    deadlineUnixMs: 0,
    deadlineAfterMs: flags.deadlineMs ?? 0,
    labels: [...flags.labels],
    callbackUrl: settings.callbackUrl,
  };
}
