import { AppError, expected } from "@pixelmesh/errors";
import { type AvailableModel, estimatePeakBytes } from "@pixelmesh/inference";
import type { RemoveBackgroundOperation, Step } from "@pixelmesh/proto";
import {
  heldBytes,
  type Models,
  modelTokens,
  openModelRun,
  type PictureSize,
  placeModel,
  type RasterHandler,
  toWorkClass,
  withNarrowHosts,
} from "@pixelmesh/worker";
import { type CutOutOptions, toCutOutOptions } from "../domain/cut-out/cut-out-options.ts";
import type { PictureWork } from "../threads/picture-work.ts";
import { runCutOut } from "./cut-out-run.ts";

/** Most memory of the kernels for a cut-out, whose working size has at most 1,024 px a side. */
const workingBytes = 12 * 1_024 * 1_024 * 4;

/**
 * Creates the handler that cuts out the salient object: a matte from a model in an inference host, fitted and applied at full
 * resolution, row by row. Pictures above `maxFrameBytes` are read from a file and written to one.
 */
export function createRemoveHandler(
  models: Models,
  work: PictureWork,
  { maxFrameBytes }: { readonly maxFrameBytes: number },
): RasterHandler {
  const { registry, gpus } = models;
  return {
    async need(step, [input]) {
      const model = findModel(step);
      const sidePx = modelSide(model);
      const picture = input ?? { widthPx: 0, heightPx: 0, channels: 0 };
      const frames =
        heldBytes(picture, maxFrameBytes) +
        heldBytes({ ...picture, channels: 4 }, maxFrameBytes) +
        extraBytes(toCutOutOptions(operationOf(step)), maxFrameBytes, picture);
      // The frames are in the machine's memory. Of a GPU a run uses only the model's memory.
      const frameBytes = gpus === undefined ? frames + workingBytes : 0;
      const peakBytes = estimatePeakBytes(model, { widthPx: sidePx, heightPx: sidePx }, sidePx) + frameBytes;
      return {
        ...(await placeModel(models, model)),
        workClass: toWorkClass(model.workClass),
        options: withNarrowHosts(models, model, [
          { tilePx: sidePx, batch: 1, peakBytes, computeTokens: modelTokens(models, model) },
        ]),
      };
    },
    async runRasters(step, [picture], context) {
      const { frameStore, signal, onProgress } = context;
      if (!picture) throw new AppError("INTERNAL", "A remove_background step has no picture");
      const model = findModel(step);
      const modelSidePx = modelSide(model);
      const held = await openModelRun(models, model, context);
      try {
        const result = await runCutOut(picture, toCutOutOptions(operationOf(step)), {
          work,
          modelSidePx,
          async infer(rgb) {
            const small = { widthPx: modelSidePx, heightPx: modelSidePx, channels: 3, data: rgb } as const;
            const run = held.runWithRecovery(({ host, slotId }) => host.runMatte(model, small, { slotId, signal }));
            return (await run).data;
          },
          frameStore,
          signal,
          onProgress,
        });
        return { ...result, provider: held.provider() };
      } finally {
        held.close();
      }
    },
  };

  function findModel(step: Step): AvailableModel {
    const { model: name } = operationOf(step);
    const model = name === "" ? registry.defaultFor("matte") : registry.find(name);
    if (model.task !== "matte") throw expected("model", "a model for mattes", name);
    return model;
  }
}

function operationOf({ operation }: Step): RemoveBackgroundOperation {
  if (operation?.$case === "removeBackground") return operation.value;
  throw new AppError("UNKNOWN_OPERATION", "Expected a remove_background step");
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

function modelSide(model: AvailableModel): number {
  const size = model.input.fixedSizePx;
  if (!size || size.widthPx !== size.heightPx) {
    throw new AppError("MODEL_INVALID", `Expected a matte model of one square size, got ${model.name}`);
  }
  return size.widthPx;
}
