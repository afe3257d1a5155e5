import type { AvailableModel } from "../models/registry.ts";
import type { HostModel } from "../protocol/messages.ts";

/** The key of a model in hosts: its name and the first 12 hex digits of its digest. */
export function toModelKey(model: AvailableModel): string {
  return `${model.name}@${model.digest.slice(0, 12)}`;
}

/** The model as it is described to a host process. */
export function toHostModel(model: AvailableModel): HostModel {
  const { path, task, scale, input, output, sizeMultiple } = model;
  return { key: toModelKey(model), path, task, scale, input, output, sizeMultiple };
}
