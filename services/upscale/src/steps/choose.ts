import { AppError, expected } from "@pixelmesh/errors";
import type { AvailableModel, Blend, ModelRegistry } from "@pixelmesh/inference";
import {
  AUTO_MODEL,
  assertEnlarges,
  denoisePair,
  isPhotoModel,
  nearestScale,
  PHOTO_MODEL,
  type Size,
  upscaledSize,
  upscaleFactor,
} from "@pixelmesh/pipeline";
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
 * choice to the size, or to the size among models for compressed pictures, by the same rules. Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE,
 * MODEL_INVALID, or INVALID_ARGUMENT with the field.
 */
export function chooseUpscale(registry: ModelRegistry, { operation }: Step, picture: Size): UpscaleChoice {
  if (operation?.$case !== "upscale") throw new AppError("UNKNOWN_OPERATION", "Expected an upscale step");
  const { value } = operation;
  assertEnlarges(value, picture, "operation");
  const model = findModel(registry, value.model, upscaleFactor(value, picture));
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

function findModel(registry: ModelRegistry, name: string, factor: number | undefined): AvailableModel {
  if (name === "") return defaultModel(registry, factor);
  if (name === PHOTO_MODEL) return photoModel(registry, factor);
  // Only ingest, which plans jobs, measures the compression of pictures.
  if (name === AUTO_MODEL)
    throw expected("operation.model", "the name of a model, `photo` or nothing without a job", name);
  return registry.find(name);
}

function defaultModel(registry: ModelRegistry, factor: number | undefined): AvailableModel {
  const scales = registry
    .list()
    .flatMap(({ entry, isDefault }) => (entry.task === "upscale" && isDefault ? [entry.scale] : []));
  return registry.defaultFor("upscale", wantedScale(scales, factor));
}

function photoModel(registry: ModelRegistry, factor: number | undefined): AvailableModel {
  const photo = registry
    .list()
    .flatMap(({ entry }) => (entry.task === "upscale" && isPhotoModel(entry) ? [entry] : []));
  const wanted = wantedScale(
    photo.map(({ scale }) => scale),
    factor,
  );
  const names = photo.filter(({ scale }) => scale === wanted).map(({ name }) => name);
  return registry.find(names.sort()[0] ?? PHOTO_MODEL);
}

function wantedScale(scales: readonly number[], factor: number | undefined): number {
  return nearestScale(scales, factor ?? Math.max(0, ...scales)) ?? 0;
}
