import { AppError } from "@pixelmesh/errors";
import type { Model, RemoveBackgroundOperation, UpscaleOperation } from "@pixelmesh/proto";
import type { Catalogue } from "./catalogue.ts";
import { AUTO_MODEL, isPhotoModel, PHOTO_MODEL } from "./upscale-auto.ts";
import { denoisePair, nearestScale } from "./upscale-size.ts";

/**
 * The model that an upscale step runs: the one it names, else the default of the scale nearest to `factor`, or of the largest scale
 * where `factor` is undefined. `photo` names the model for compressed pictures of the nearest scale; `auto` gives the default, which the
 * picture may replace. Throws UNKNOWN_MODEL with the known names, or MODEL_UNAVAILABLE.
 */
export function chooseUpscaleModel(
  { model: name }: UpscaleOperation,
  factor: number | undefined,
  catalogue: Catalogue,
): Model {
  const models = catalogue.upscaleModels;
  if (name === PHOTO_MODEL) return photoModel(models, factor);
  if (name !== "" && name !== AUTO_MODEL) return namedModel(models, name);
  return defaultModel(models, wantedScale(defaultsOf(models), factor), "There is no upscale model");
}

function wantedScale(models: readonly Model[], factor: number | undefined): number {
  const scales = models.map((model) => model.scale);
  return nearestScale(scales, factor ?? Math.max(0, ...scales)) ?? 0;
}

function photoModel(models: readonly Model[], factor: number | undefined): Model {
  const photo = models.filter(isPhotoModel);
  if (photo.length === 0) throw unknownModel(models, "There is no upscale model for compressed pictures (`photo`)");
  const wanted = wantedScale(photo, factor);
  const fitting = photo.filter((model) => model.scale === wanted).sort((a, b) => (a.name < b.name ? -1 : 1));
  return assertAvailable(fitting, models);
}

/** The second model of a step with a denoise strength. Throws as `denoisePair` and `chooseUpscaleModel` do. */
export function chooseDenoisePair(
  operation: UpscaleOperation,
  model: Model,
  catalogue: Catalogue,
  path: string,
): Model | undefined {
  const name = denoisePair(operation, model, path);
  return name === undefined ? undefined : namedModel(catalogue.upscaleModels, name);
}

/** The model that a remove_background step runs: the one it names, else the default. Throws as `chooseUpscaleModel` does. */
export function chooseMatteModel(operation: RemoveBackgroundOperation, catalogue: Catalogue): Model {
  if (operation.model !== "") return namedModel(catalogue.matteModels, operation.model);
  return defaultModel(catalogue.matteModels, undefined, "There is no matting model");
}

function namedModel(models: readonly Model[], name: string): Model {
  const found = models.filter((model) => model.name === name);
  if (found.length === 0) throw unknownModel(models, `Unknown model \`${name.slice(0, 64)}\``);
  return assertAvailable(found, models);
}

function defaultModel(models: readonly Model[], scale: number | undefined, nothing: string): Model {
  const fitting = models.filter((model) => scale === undefined || model.scale === scale);
  if (fitting.length === 0) throw unknownModel(models, nothing);
  // A missing default is an error: another model might be worse, and the caller has not chosen it.
  return assertAvailable(defaultsOf(fitting), models);
}

function defaultsOf(models: readonly Model[]): readonly Model[] {
  const marked = models.filter((model) => model.isDefault);
  const candidates = marked.length > 0 ? marked : [...models];
  return candidates.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function assertAvailable(candidates: readonly Model[], models: readonly Model[]): Model {
  const available = candidates.find((model) => model.available);
  if (available !== undefined) return available;
  const { name, unavailableReason } = candidates[0] ?? { name: "", unavailableReason: "" };
  const there = knownNames(models.filter((model) => model.available));
  throw new AppError(
    "MODEL_UNAVAILABLE",
    `Model \`${name}\` is listed but not available${unavailableReason && `: ${unavailableReason}`}`,
    { metadata: { model: name, known: there.join(",") } },
  );
}

function unknownModel(models: readonly Model[], what: string): AppError {
  const known = knownNames(models);
  return new AppError("UNKNOWN_MODEL", `${what}; known: ${known.join(", ") || "none"}`, {
    metadata: { known: known.join(",") },
  });
}

function knownNames(models: readonly Model[]): string[] {
  return [...new Set(models.map((model) => model.name))].sort();
}
