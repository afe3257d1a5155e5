import { AppError, expected } from "@pixelmesh/errors";
import { createFrameSink, createFrameSource, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, runTiled } from "@pixelmesh/inference";
import type { Step } from "@pixelmesh/proto";
import {
  type Models,
  measureModelPeak,
  modelTokens,
  placeModel,
  type StepContext,
  type StepHandler,
  toWorkClass,
} from "@pixelmesh/worker";
import { joinAlpha, splitAlpha } from "../domain/alpha.ts";
import { frameBytes, upscaleOptions } from "./options.ts";

/** Enlarges one picture with a model: colours tile by tile in an inference host, alpha by Lanczos. */
export function createUpscaleHandler(models: Models): StepHandler {
  const { registry, pool, gpus } = models;
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
      const lease = await pool.acquire(model, { signal: context.signal, deviceId: context.deviceId });
      context.onRenewed((validMs) => pool.renewGrant(context.slotId, validMs));
      try {
        const larger = await enlarge(frame, model, lease.host, context);
        const peakBytes = await measureModelPeak(models, lease.host, context.deviceId, frameBytes(model, frame));
        return { frame: larger, provider: lease.host.provider, ...(peakBytes === undefined ? {} : { peakBytes }) };
      } finally {
        pool.endGrant(context.slotId);
        lease.release();
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

async function enlarge(
  frame: Frame,
  model: AvailableModel,
  host: Parameters<typeof runTiled>[0]["host"],
  context: StepContext,
): Promise<Frame> {
  const { color, alpha, constantAlpha } = splitAlpha(frame);
  const sink = createFrameSink(color.widthPx * model.scale, color.heightPx * model.scale, color.channels);
  const { signal, onProgress, slotId } = context;
  await runTiled({
    source: createFrameSource(color),
    sink,
    model,
    host,
    tilePx: context.option.tilePx,
    slotId,
    signal,
    onProgress,
  });
  if (alpha) return joinAlpha(sink.frame, await resizeFrame(alpha, sink.widthPx, sink.heightPx));
  return constantAlpha === undefined ? sink.frame : joinAlpha(sink.frame, constantAlpha);
}
