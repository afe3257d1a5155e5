import { expected } from "@pixelmesh/errors";
import type { Model, UpscaleOperation } from "@pixelmesh/proto";
import type { LoadLevel } from "../plan/load-level.ts";
import { MAX_SIDE_PX } from "../values/limits.ts";
import { unknownSize } from "../values/sizes.ts";
import type { Catalogue } from "./catalogue.ts";
import { chooseDenoisePair, chooseUpscaleModel } from "./choose-model.ts";
import { type DegradedField, defineOperation, type ResolveContext, type ResolvedValue } from "./operation.ts";
import { AUTO_MODEL, chooseByCompression, isPhotoModel, PHOTO_MODEL } from "./upscale-auto.ts";
import { assertEnlarges, upscaledSize, upscaleFactor } from "./upscale-size.ts";

const targetSide = { least: 1, most: MAX_SIDE_PX, isInteger: true, zero: "to follow the other side" } as const;

/** Enlarges a picture by a model. */
export const upscale = defineOperation({
  case: "upscale",
  name: "upscale",
  role: "upscale",
  revision: 4,
  usesModel: true,
  catalogueList: "upscaleModels",
  addsAlpha: false,
  enlarges: true,
  numbers: {
    scale: { least: 2, most: 4, isInteger: true, zero: "for the target's or the model's own scale" },
    target: { widthPx: targetSide, heightPx: targetSide },
    denoise: { least: 0, most: 1 },
    finishing: { sharpen: { least: 0, most: 1 }, contrast: { least: 0, most: 0.5 } },
  },
  inputs: () => [{ name: "picture" }],
  validate({ scale, target }, path) {
    if (!target) return;
    const { widthPx, heightPx } = target;
    if (widthPx === 0 && heightPx === 0) throw expected(`${path}.target`, "a width, a height or both", "neither");
    if (scale !== 0) throw expected(`${path}.scale`, "0 beside a target", scale);
  },
  assertKnown(value, path, catalogue) {
    // The size of the picture decides a target's factor; it may choose another default later.
    const model = chooseUpscaleModel(value, value.scale || undefined, catalogue);
    chooseDenoisePair(value, model, catalogue, path);
  },
  resolve: resolveUpscale,
  keyParameters: (value, modelDigest) => ({ ...value, model: modelDigest === "" ? value.model : "" }),
  modelName: ({ model }) => model,
  resultSize: (value, input) => upscaledSize(value, input, 0),
  degrade: degradeUpscale,
  expectedCost: {
    curve: { startMs: 50, msPerMegapixel: 5000 },
    variant({ model, scale, denoise, finishing }) {
      const runsPair = denoise !== undefined && denoise > 0 && denoise < 1;
      return [
        model,
        scale > 0 ? `×${scale}` : "size",
        ...(runsPair ? ["denoise"] : []),
        ...(finishing ? ["finishing"] : []),
      ];
    },
    // Twice the sides is assumed for a picture of unknown size that is enlarged to a size.
    pixelRatio: (value, input) => (upscaleFactor(value, input) ?? 2) ** 2,
  },
});

function resolveUpscale(value: UpscaleOperation, context: ResolveContext): ResolvedValue<"upscale"> {
  const { catalogue, input, path } = context;
  // These models depend on the factor, which a target leaves open until the picture's size is known.
  if (value.target && ["", AUTO_MODEL, PHOTO_MODEL].includes(value.model) && input === undefined) return { value };
  if (input) assertEnlarges(value, input, path);
  const { model, name, notices } = chooseModel(value, context);
  const { target, denoise, finishing } = value;
  const isFinished = finishing !== undefined && (finishing.sharpen > 0 || finishing.contrast > 0);
  return {
    value: {
      scale: target ? 0 : value.scale || model.scale,
      model: name,
      ...(target ? { target } : {}),
      ...(denoise === undefined ? {} : { denoise }),
      ...(isFinished ? { finishing } : {}),
    },
    modelDigest: model.digest,
    dependsOn: chooseDenoisePair(value, model, catalogue, path)?.digest,
    notices,
  };
}

/** Chooses the model, and the name under which the step keeps it: `auto` stays until the picture's size is known. */
function chooseModel(value: UpscaleOperation, { catalogue, input, compression }: ResolveContext) {
  const model = chooseUpscaleModel(value, upscaleFactor(value, input ?? unknownSize), catalogue);
  if (value.model !== AUTO_MODEL) return { model, name: model.name, notices: [] };
  if (input === undefined) return { model, name: AUTO_MODEL, notices: [] };
  const chosen = chooseByCompression(model, compression, catalogue);
  const text = `Model ${chosen.model.name} was chosen: ${chosen.why}`;
  return { model: chosen.model, name: chosen.model.name, notices: [{ kind: "model_chosen", text }] };
}

/** From level 2 without finishing; at level 3 by a lighter model of the same scale, unless the caller named a model. */
function degradeUpscale(
  resolved: UpscaleOperation,
  asked: UpscaleOperation,
  level: LoadLevel,
  catalogue: Catalogue,
): { readonly value: UpscaleOperation; readonly changes: readonly DegradedField[] } {
  const changes: DegradedField[] = [];
  let value = resolved;
  if (level >= 2 && value.finishing !== undefined) {
    const { finishing, ...plain } = value;
    value = plain;
    const from = `sharpen ${finishing.sharpen}, contrast ${finishing.contrast}`;
    changes.push({ kind: "finishing", from, to: "none" });
  }
  const isModelOpen = asked.model === "" && asked.denoise === undefined;
  const lighter = level === 3 && isModelOpen ? lighterModel(value.model, catalogue) : undefined;
  if (lighter !== undefined) {
    changes.push({ kind: "model", from: value.model, to: lighter.name });
    value = { ...value, model: lighter.name };
  }
  return { value, changes };
}

/**
 * The smallest available model of the same scale that is smaller than the given one: cost grows with the parameters. Models for compressed
 * pictures replace only each other.
 */
function lighterModel(name: string, { upscaleModels }: Catalogue): Model | undefined {
  const present = upscaleModels.find((model) => model.name === name);
  if (present === undefined) return undefined;
  return upscaleModels
    .filter(({ available, scale, sizeBytes }) => available && scale === present.scale && sizeBytes < present.sizeBytes)
    .filter((model) => isPhotoModel(model) === isPhotoModel(present))
    .sort((a, b) => a.sizeBytes - b.sizeBytes)[0];
}
