import { expected } from "@pixelmesh/errors";
import {
  CutOutResult,
  ExistingAlpha,
  LowConfidence,
  Refinement,
  type Region,
  type RemoveBackgroundOperation,
} from "@pixelmesh/proto";
import { MAX_SIDE_PX } from "../values/limits.ts";
import type { Size } from "../values/sizes.ts";
import { chooseMatteModel } from "./choose-model.ts";
import { confidenceRule, largerModels } from "./larger-models.ts";
import { defineOperation } from "./operation.ts";

const start = { least: 0, most: MAX_SIDE_PX - 1, isInteger: true } as const;
const side = { least: 1, most: MAX_SIDE_PX, isInteger: true } as const;

/** Cuts the salient object out. */
export const removeBackground = defineOperation({
  case: "removeBackground",
  name: "remove_background",
  role: "background",
  revision: 3,
  usesModel: true,
  catalogueList: "matteModels",
  addsAlpha: true,
  enlarges: false,
  numbers: {
    threshold: { least: 0, most: 1 },
    featherPx: { least: 0.3, most: 100, zero: "for none" },
    minIsland: { least: 0, most: 0.5 },
    minConfidence: { least: 0, most: 1 },
    trimapPx: { least: 1, most: MAX_SIDE_PX, zero: "for the default" },
    region: { leftPx: start, topPx: start, widthPx: side, heightPx: side },
  },
  inputs: () => [{ name: "picture" }],
  assertKnown(value, _, catalogue) {
    chooseMatteModel(value, catalogue);
  },
  resolve(value, { catalogue, input, path }) {
    if (value.region && input) assertOverlaps(value.region, input, path);
    const model = chooseMatteModel(value, catalogue);
    return {
      value: { model: model.name, ...withoutDefaults(value) },
      modelDigest: model.digest,
      largerModels: confidenceRule(value)?.retries ? largerModels(model, catalogue.matteModels) : [],
    };
  },
  keyParameters: (value, modelDigest) => ({ ...value, model: modelDigest === "" ? value.model : "" }),
  modelName: ({ model }) => model,
  resultSize: (_, input) => input,
  // The model works at a fixed size: most of the cost does not depend on the picture.
  expectedCost: {
    curve: { startMs: 300, msPerMegapixel: 60 },
    // A cut-out that may run several models says nothing about the speed of its first one.
    variant: (value) => [value.model, ...(confidenceRule(value)?.retries ? ["larger models"] : [])],
  },
});

/** A picture of unknown size passes: its worker checks it. */
function assertOverlaps({ leftPx, topPx, widthPx, heightPx }: Region, picture: Size, path: string): void {
  if (picture.widthPx === 0 || (leftPx < picture.widthPx && topPx < picture.heightPx)) return;
  const form = `a box that overlaps the picture of ${picture.widthPx}×${picture.heightPx}`;
  throw expected(`${path}.region`, form, `${widthPx}×${heightPx} at ${leftPx},${topPx}`);
}

/** Returns the settings that change something, so that equal cut-outs have equal keys. */
function withoutDefaults(value: RemoveBackgroundOperation): Partial<RemoveBackgroundOperation> {
  const {
    existingAlpha = ExistingAlpha.UNSPECIFIED,
    decontaminate = true,
    fillHoles = false,
    region,
    result,
    refine,
  } = value;
  const { threshold = 0, featherPx = 0, minIsland = 0, trimapPx = 0, minConfidence = 0, onLowConfidence } = value;
  const isAuto = existingAlpha === ExistingAlpha.UNSPECIFIED || existingAlpha === ExistingAlpha.AUTO;
  return {
    ...(isAuto ? {} : { existingAlpha }),
    ...(decontaminate ? {} : { decontaminate }),
    ...(threshold > 0 ? { threshold } : {}),
    ...(featherPx > 0 ? { featherPx } : {}),
    ...(trimapPx > 0 ? { trimapPx } : {}),
    ...(fillHoles ? { fillHoles } : {}),
    ...(minIsland > 0 ? { minIsland } : {}),
    ...(region ? { region } : {}),
    ...(result === CutOutResult.MATTE ? { result } : {}),
    ...(refine === Refinement.NONE ? { refine } : {}),
    ...(minConfidence > 0 ? { minConfidence } : {}),
    ...(minConfidence > 0 && onLowConfidence === LowConfidence.FAIL ? { onLowConfidence } : {}),
  };
}
