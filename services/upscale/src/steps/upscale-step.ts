import { AppError, expected } from "@pixelmesh/errors";
import { createFrameSink, createFrameSource, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, runTiled } from "@pixelmesh/inference";
import type { Step } from "@pixelmesh/proto";
import {
  type ModelRun,
  type Models,
  modelTokens,
  openModelRun,
  placeModel,
  type StepContext,
  type StepHandler,
  toWorkClass,
} from "@pixelmesh/worker";
import { joinAlpha, splitAlpha } from "../domain/alpha.ts";
import { frameBytes, upscaleOptions } from "./options.ts";

/** Enlarges one picture with a model: colours tile by tile in an inference host, alpha by Lanczos. */
export function createUpscaleHandler(models: Models): StepHandler {
  const { registry, gpus } = models;
  return {
    async need(step, [input]) {
      const model = findModel(step);
      return {
        ...(await placeModel(models, model)),
        workClass: toWorkClass(model.workClass),
        options: upscaleOptions(model, input ?? { widthPx: 1, heightPx: 1, channels: 4 }, {
          computeTokens: modelTokens(models, model),
          holdsFrames: gpus === undefined,
        }),
      };
    },
    async run(step, [frame], context) {
      if (!frame) throw new AppError("INTERNAL", "An upscale step has no picture");
      const model = findModel(step);
      const held = await openModelRun(models, model, context);
      try {
        const larger = await enlarge(frame, model, held, context);
        const peakBytes = await held.peakBytes(frameBytes(model, frame));
        return { frame: larger, provider: held.provider(), ...(peakBytes === undefined ? {} : { peakBytes }) };
      } finally {
        held.close();
      }
    },
  };

  function findModel({ operation }: Step): AvailableModel {
    if (operation?.$case !== "upscale") throw new AppError("UNKNOWN_OPERATION", "Expected an upscale step");
    const { model, scale } = operation.value;
    const found = model === "" ? registry.defaultFor("upscale", scale || 4) : registry.find(model);
    if (found.task !== "upscale") throw expected("model", "a model for upscaling", model);
    if (scale !== 0 && found.scale !== scale)
      throw expected("scale", `${found.scale}, the scale of model ${found.name}`, scale);
    return found;
  }
}

async function enlarge(frame: Frame, model: AvailableModel, held: ModelRun, context: StepContext): Promise<Frame> {
  const { color, alpha, constantAlpha } = splitAlpha(frame);
  const sink = createFrameSink(color.widthPx * model.scale, color.heightPx * model.scale, color.channels);
  const { signal, onProgress } = context;
  await runTiled({
    source: createFrameSource(color),
    sink,
    model,
    ...held.means(),
    recover: held.recover,
    signal,
    onProgress,
  });
  if (alpha) return joinAlpha(sink.frame, await resizeFrame(alpha, sink.widthPx, sink.heightPx));
  return constantAlpha === undefined ? sink.frame : joinAlpha(sink.frame, constantAlpha);
}
