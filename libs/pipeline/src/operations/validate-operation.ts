import { expected } from "@pixelmesh/errors";
import type {
  ApplyEffectsOperation,
  PrescaleOperation,
  ReplaceBackgroundOperation,
  UpscaleOperation,
} from "@pixelmesh/proto";
import { canonicalColor } from "../values/color.ts";
import { MAX_SIDE_PX } from "../values/limits.ts";
import type { Catalogue } from "./catalogue.ts";
import { chooseDenoisePair, chooseMatteModel, chooseUpscaleModel } from "./choose-model.ts";
import { canonicalParameters, describedEffect } from "./effect-parameters.ts";
import { type Operation, operations } from "./operations.ts";
import { assertUpscale } from "./upscale-size.ts";

/**
 * Checks an operation's own fields against their ranges and the catalogue. `stepPath` is the step's in the request
 * (`pipeline.steps[2]`). Throws INVALID_ARGUMENT with the field, UNKNOWN_MODEL, MODEL_UNAVAILABLE or UNKNOWN_EFFECT.
 */
export function assertOperation(operation: Operation, stepPath: string, catalogue: Catalogue): void {
  const path = `${stepPath}.${operations[operation.$case].name}`;
  switch (operation.$case) {
    case "prescale":
      assertPrescale(operation.value, path);
      break;
    case "upscale":
      assertUpscaleStep(operation.value, path, catalogue);
      break;
    case "removeBackground":
      chooseMatteModel(operation.value, catalogue);
      break;
    case "replaceBackground":
      assertReplaceBackground(operation.value, path);
      break;
    case "applyEffects":
      assertApplyEffects(operation.value, path, catalogue);
      break;
  }
}

function assertPrescale({ maxSidePx, maxPixels }: PrescaleOperation, path: string): void {
  if (!isInteger(maxSidePx, 16, MAX_SIDE_PX) && maxSidePx !== 0) {
    throw expected(`${path}.max_side_px`, `an integer from 16 to ${MAX_SIDE_PX}, or 0 for no bound`, maxSidePx);
  }
  if (!isInteger(maxPixels, 256, Number.MAX_SAFE_INTEGER) && maxPixels !== 0) {
    throw expected(`${path}.max_pixels`, "an integer of at least 256, or 0 for no bound", maxPixels);
  }
}

function assertUpscaleStep(operation: UpscaleOperation, path: string, catalogue: Catalogue): void {
  assertUpscale(operation, path);
  // A target's factor is known with the picture's size; by then it may be another default.
  const model = chooseUpscaleModel(operation, operation.scale || undefined, catalogue);
  chooseDenoisePair(operation, model, catalogue, path);
}

function assertReplaceBackground({ background }: ReplaceBackgroundOperation, path: string): void {
  if (background === undefined) throw expected(`${path}.background`, "color, blur_sigma_px or picture", "nothing");
  if (background.$case === "color" && canonicalColor(background.value, false) === undefined) {
    throw expected(`${path}.color`, "a colour such as `#rrggbb`", background.value);
  }
  if (background.$case === "blurSigmaPx" && !(background.value >= 0.3 && background.value <= 100)) {
    throw expected(`${path}.blur_sigma_px`, "a number from 0.3 to 100", background.value);
  }
}

function assertApplyEffects({ effects }: ApplyEffectsOperation, path: string, catalogue: Catalogue): void {
  if (effects.length < 1 || effects.length > 16) {
    throw expected(`${path}.effects`, "a list of 1 to 16 effects", effects.length);
  }
  for (const [index, effect] of effects.entries()) {
    canonicalParameters(effect, describedEffect(catalogue.effects, effect.name), `${path}.effects[${index}]`);
  }
}

function isInteger(value: number, minimum: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= minimum && value <= maximum;
}
