import { AppError } from "@pixelmesh/errors";
import { estimatePeakBytes, matteInputSize } from "@pixelmesh/inference";
import { confidenceRule } from "@pixelmesh/pipeline";
import {
  heldBytes,
  type Models,
  modelTokens,
  type PictureSize,
  placeModel,
  type RasterHandler,
  toWorkClass,
  withNarrowHosts,
} from "@pixelmesh/worker";
import { type CutOutOptions, toCutOutOptions } from "../domain/cut-out/cut-out-options.ts";
import type { Size } from "../domain/planes/plane.ts";
import type { PictureWork } from "../threads/picture-work.ts";
import { runCutOut } from "./cut-out-run.ts";
import { type FindMatte, findMatteModel, openMatteRuns, operationOf } from "./matte-models.ts";

/** Most memory of the kernels for a cut-out, whose working size has at most 1,024 px a side. */
const workingBytes = 12 * 1_024 * 1_024 * 4;
/** Most memory of the matte and the small picture that are kept while a larger model is tried. */
const keptBytes = 2 * 1_024 * 1_024 * 4;

/**
 * Creates the handler that cuts out the salient object: a matte from a model in an inference host, fitted and applied at full
 * resolution, row by row. Pictures above `maxFrameBytes` are read from a file and written to one.
 */
export function createRemoveHandler(
  models: Models,
  work: PictureWork,
  { maxFrameBytes }: { readonly maxFrameBytes: number },
): RasterHandler {
  const { gpus } = models;
  return {
    async need(step, [input]) {
      const model = findMatteModel(models, step);
      const operation = operationOf(step);
      const options = toCutOutOptions(operation);
      const picture = input ?? { widthPx: 0, heightPx: 0, channels: 0 };
      const modelSize = matteInputSize(model, seenPart(picture, options));
      const sidePx = Math.max(modelSize.widthPx, modelSize.heightPx);
      const frames =
        heldBytes(picture, maxFrameBytes) +
        heldBytes({ ...picture, channels: 4 }, maxFrameBytes) +
        extraBytes(options, maxFrameBytes, picture) +
        (confidenceRule(operation)?.retries ? keptBytes : 0);
      // The frames are in the machine's memory. Of a GPU a run uses only the model's memory.
      const frameBytes = gpus === undefined ? frames + workingBytes : 0;
      const peakBytes = estimatePeakBytes(model, modelSize, sidePx) + frameBytes;
      return {
        ...(await placeModel(models, model)),
        workClass: toWorkClass(model.workClass),
        options: withNarrowHosts(models, model, [
          { tilePx: sidePx, batch: 1, peakBytes, computeTokens: modelTokens(models, model) },
        ]),
      };
    },
    async runRasters(step, [picture], context) {
      const { frameStore, signal, onProgress, releaseSlot } = context;
      if (!picture) throw new AppError("INTERNAL", "A remove_background step has no picture");
      const runs = openMatteRuns(models, step, context);
      const findMatte: FindMatte = async (prepare) => {
        const found = await runs.findMatte(prepare);
        // The pixels are fitted while the next picture runs through the model.
        releaseSlot?.();
        return found;
      };
      const tools = { work, findMatte, frameStore, signal, onProgress };
      const result = await runCutOut(picture, toCutOutOptions(operationOf(step)), tools);
      return { ...result, ...runs.outcome() };
    },
  };
}

/** Returns the size of the part of a picture that the model sees. A region outside of the picture fails in the run. */
function seenPart(picture: PictureSize, { region }: CutOutOptions): Size {
  if (!region) return picture;
  const within = (start: number, length: number, whole: number) => Math.max(1, Math.min(whole, start + length) - start);
  return {
    widthPx: within(region.leftPx, region.widthPx, picture.widthPx),
    heightPx: within(region.topPx, region.heightPx, picture.heightPx),
  };
}

/** Returns the memory of pictures that settings of a cut-out add: the part of a region and its place, and planes of alpha. */
function extraBytes(
  { region, threshold, featherPx, existingAlpha, matteOnly }: CutOutOptions,
  maxFrameBytes: number,
  picture: PictureSize,
): number {
  const held = (channels: number) => heldBytes({ ...picture, channels }, maxFrameBytes);
  const part = (region ? 2 * held(4) : 0) + (matteOnly ? held(1) : 0);
  const hard = threshold > 0 ? held(4) : 0;
  const feathered = featherPx > 0 ? held(4) + 2 * held(1) : 0;
  return part + hard + feathered + (existingAlpha === "multiply" ? 0 : held(4));
}
