import { AppError, expected } from "@pixelmesh/errors";
import { type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, estimatePeakBytes } from "@pixelmesh/inference";
import type { Threads } from "@pixelmesh/lifecycle";
import type { Step } from "@pixelmesh/proto";
import { type Models, modelTokens, openModelRun, placeModel, type StepHandler, toWorkClass } from "@pixelmesh/worker";
import { removeBackground } from "../domain/remove.ts";
import type { PictureTask } from "../threads/picture-thread.ts";

/** Planes of the working size (1,024 px a side at most) that cutting out holds, as floats. */
const workingBytes = 12 * 1_024 * 1_024 * 4;

/** Cuts the salient object out: a matte from a model in an inference host, fitted and applied at full resolution in a thread. */
export function createRemoveHandler(models: Models, threads: Threads<PictureTask, Frame>): StepHandler {
  const { registry, gpus } = models;
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
    async run(step, [frame], context) {
      const { signal, onProgress } = context;
      if (!frame) throw new AppError("INTERNAL", "A remove_background step has no picture");
      const model = findModel(step);
      const modelSidePx = modelSide(model);
      const held = await openModelRun(models, model, context);
      try {
        const cutOut = await removeBackground(frame, {
          modelSidePx,
          async infer(rgb) {
            const picture = { widthPx: modelSidePx, heightPx: modelSidePx, channels: 3, data: rgb } as const;
            const run = held.attempt(({ host, slotId }) => host.runMatte(model, picture, { slotId, signal }));
            return (await run).data;
          },
          resize: (picture, widthPx, heightPx) => resizeFrame(picture, widthPx, heightPx),
          cutOut: (task) => threads.run({ kind: "cutOut", ...task }, { signal, onProgress }),
          signal,
          onProgress,
        });
        return { frame: cutOut, provider: held.provider() };
      } finally {
        held.close();
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
