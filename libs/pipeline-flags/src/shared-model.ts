import type { Model } from "@pixelmesh/proto";
import type { PipelineFlags } from "./pipeline-options.ts";

/** Assigns `--model` to the operation of that model. An unknown name goes to the upscale, which refuses it. */
export function withSharedModel(flags: PipelineFlags, models: readonly Model[]): PipelineFlags {
  const { sharedModel, upscale } = flags;
  if (sharedModel === undefined || upscale === undefined) return flags;
  const isMatte = models.some(({ name, task }) => name === sharedModel && task === "matte");
  return isMatte ? { ...flags, cutoutModel: sharedModel } : { ...flags, upscale: { ...upscale, model: sharedModel } };
}
