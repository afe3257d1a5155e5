import { AppError, expected } from "@pixelmesh/errors";
import type { AvailableModel, Blend, ModelRegistry } from "@pixelmesh/inference";
import { assertEnlarges, denoisePair, nearestScale, type Size, upscaledSize, upscaleFactor } from "@pixelmesh/pipeline";
import type { Step } from "@pixelmesh/proto";
import type { Finishing } from "../domain/finish.ts";

/** Models, size and finishing of an upscale. */
export type UpscaleChoice = {
  readonly model: AvailableModel;
  readonly blend: Blend | undefined;
  readonly target: Size;
  readonly finishing: Finishing | undefined;
};

/**
 * Chooses models and size for an upscale of a picture of this size. A job's plan names the model. A direct call may leave the
 * choice to the size, by the same rule. Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE, MODEL_INVALID, or INVALID_ARGUMENT with the
 * field.
 */
export function chooseUpscale(registry: ModelRegistry, { operation }: Step, picture: Size): UpscaleChoice {
  if (operation?.$case !== "upscale") throw new AppError("UNKNOWN_OPERATION", "Expected an upscale step");
  const { value } = operation;
  assertEnlarges(value, picture, "operation");
  const model = value.model === "" ? defaultModel(registry, upscaleFactor(value, picture)) : registry.find(value.model);
  if (model.task !== "upscale") throw expected("operation.model", "a model for upscaling", value.model);
  const pair = denoisePair(value, { name: model.name, denoisePair: model.denoisePair ?? "" }, "operation");
  return {
    model,
    blend: pair === undefined ? undefined : { model: registry.find(pair), weight: 1 - (value.denoise ?? 1) },
    target: upscaledSize(value, picture, model.scale),
    finishing:
      value.finishing && (value.finishing.sharpen > 0 || value.finishing.contrast > 0) ? value.finishing : undefined,
  };
}

function defaultModel(registry: ModelRegistry, factor: number | undefined): AvailableModel {
  const scales = registry
    .list()
    .flatMap(({ entry, isDefault }) => (entry.task === "upscale" && isDefault ? [entry.scale] : []));
  return registry.defaultFor("upscale", nearestScale(scales, factor ?? Math.max(0, ...scales)) ?? 0);
}
