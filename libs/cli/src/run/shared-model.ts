import type { Model } from "@pixelmesh/client";
import type { RunFlags } from "./flags.ts";

/** Assigns `--model` to the operation of that model. An unknown name goes to the upscale, which refuses it. */
export function withSharedModel(flags: RunFlags, models: readonly Model[]): RunFlags {
  const { sharedModel, upscale } = flags;
  if (sharedModel === undefined || upscale === undefined) return flags;
  const isMatte = models.some(({ name, task }) => name === sharedModel && task === "matte");
  return isMatte ? { ...flags, cutoutModel: sharedModel } : { ...flags, upscale: { ...upscale, model: sharedModel } };
}
