import { AppError, expected } from "@pixelmesh/errors";
import { type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, estimatePeakBytes } from "@pixelmesh/inference";
import type { Threads } from "@pixelmesh/lifecycle";
import type { Step } from "@pixelmesh/proto";
import { type Models, modelTokens, placeModel, type StepHandler, toWorkClass } from "@pixelmesh/worker";
import { removeBackground } from "../domain/remove.ts";
import type { PictureTask } from "../threads/picture-thread.ts";

/** Planes of the working size (1,024 px a side at most) that cutting out holds, as floats. */
const workingBytes = 12 * 1_024 * 1_024 * 4;

/** Cuts the salient object out: a matte from a model in an inference host, fitted and applied at full resolution in a thread. */
export function createRemoveHandler(models: Models, threads: Threads<PictureTask, Frame>): StepHandler {
  const { registry, pool, gpus } = models;
  return {
    async need(step, [input]) {
      const model = findModel(step);
      const sidePx = modelSide(model);
      const pixels = (input?.widthPx ?? 0) * (input?.heightPx ?? 0);
      // The frames are in the machine's memory: of a GPU a run takes only what the model needs.
      const frameBytes = gpus === undefined ? pixels * ((input?.channels || 4) + 4) + workingBytes : 0;
      const peakBytes = estimatePeakBytes(model, { widthPx: sidePx, heightPx: sidePx }, sidePx) + frameBytes;
      return {
        ...(await placeModel(models, model)),
        workClass: toWorkClass(model.workClass),
        options: [{ tilePx: sidePx, batch: 1, peakBytes, computeTokens: modelTokens(models, model) }],
      };
    },
    async run(step, [frame], { signal, slotId, deviceId, onRenewed, onProgress }) {
      if (!frame) throw new AppError("INTERNAL", "A remove_background step has no picture");
      const model = findModel(step);
      const modelSidePx = modelSide(model);
      const { host, release } = await pool.acquire(model, { signal, deviceId });
      onRenewed((validMs) => pool.renewGrant(slotId, validMs));
      try {
        const cutOut = await removeBackground(frame, {
          modelSidePx,
          async infer(rgb) {
            const picture = { widthPx: modelSidePx, heightPx: modelSidePx, channels: 3, data: rgb } as const;
            return (await host.runMatte(model, picture, { slotId, signal })).data;
          },
          resize: (picture, widthPx, heightPx) => resizeFrame(picture, widthPx, heightPx),
          cutOut: (task) => threads.run({ kind: "cutOut", ...task }, { signal, onProgress }),
          signal,
          onProgress,
        });
        return { frame: cutOut, provider: host.provider };
      } finally {
        pool.endGrant(slotId);
        release();
      }
    },
  };

  function findModel({ operation }: Step): AvailableModel {
    if (operation?.$case !== "removeBackground")
      throw new AppError("UNKNOWN_OPERATION", "Expected a remove_background step");
    const { model: name } = operation.value;
    const model = name === "" ? registry.defaultFor("matte") : registry.find(name);
    if (model.task !== "matte") throw expected("model", "a model for mattes", name);
    return model;
  }
}

function modelSide(model: AvailableModel): number {
  const size = model.input.fixedSizePx;
  if (!size || size.widthPx !== size.heightPx) {
    throw new AppError("MODEL_INVALID", `Expected a matte model of one square size, got ${model.name}`);
  }
  return size.widthPx;
}
