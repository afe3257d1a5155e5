import type { Model } from "@pixelmesh/client";
import type { RunFlags } from "./flags.ts";

/** The flags with `--model` given to the operation that the model is for; a name that is unknown goes to the upscale, which refuses it. */
export function withSharedModel(flags: RunFlags, models: readonly Model[]): RunFlags {
  const { sharedModel, upscale } = flags;
  if (sharedModel === undefined || upscale === undefined) return flags;
  const isMatte = models.some(({ name, task }) => name === sharedModel && task === "matte");
  return isMatte ? { ...flags, cutoutModel: sharedModel } : { ...flags, upscale: { ...upscale, model: sharedModel } };
}
