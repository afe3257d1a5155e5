import { AppError } from "@pixelmesh/errors";
import { assertOutputSize, type PictureLimits, type Raster } from "@pixelmesh/imaging";
import { type InferenceHost, runTiled } from "@pixelmesh/inference";
import {
  type Models,
  measureModelPeak,
  modelTokens,
  placeModel,
  type RasterContext,
  type RasterHandler,
  toWorkClass,
} from "@pixelmesh/worker";
import { chooseUpscale, type UpscaleChoice } from "./choose.ts";
import { enlarge } from "./enlarge.ts";
import { serviceBytes, upscaleOptions } from "./options.ts";

/** Enlarges one picture with a model, tile by tile in an inference host. What would be too large is refused before it begins. */
export function createUpscaleHandler(
  models: Models,
  { limits, maxFrameBytes }: { readonly limits: PictureLimits; readonly maxFrameBytes: number },
): RasterHandler {
  const { registry, pool, gpus } = models;
  return {
    async need(step, [input]) {
      const picture = input ?? { widthPx: 1, heightPx: 1, channels: 4 };
      const choice = chooseUpscale(registry, step, picture);
      assertOutputSize(choice.target.widthPx, choice.target.heightPx, limits);
      return {
        ...(await placeModel(models, choice.model)),
        workClass: toWorkClass(choice.model.workClass),
        options: upscaleOptions(choice, picture, {
          computeTokens: modelTokens(models, choice.model),
          holdsFrames: gpus === undefined,
          maxFrameBytes,
        }),
      };
    },
    async runRasters(step, [picture], context) {
      if (!picture) throw new AppError("INTERNAL", "An upscale step has no picture");
      const choice = chooseUpscale(registry, step, picture);
      const { signal, deviceId, slotId, option } = context;
      const lease = await pool.acquire(choice.model, { signal, deviceId });
      context.onRenewed((validMs) => pool.renewGrant(slotId, validMs));
      try {
        const frame = await enlargeIn(lease.host, picture, choice, context);
        const ownBytes = serviceBytes(choice, picture, option.tilePx, maxFrameBytes);
        const peakBytes = await measureModelPeak(models, lease.host, deviceId, ownBytes);
        return { frame, provider: lease.host.provider, ...(peakBytes === undefined ? {} : { peakBytes }) };
      } finally {
        pool.endGrant(slotId);
        lease.release();
      }
    },
  };
}

function enlargeIn(
  host: InferenceHost,
  picture: Raster,
  { model, blend, target, finishing }: UpscaleChoice,
  { option, room, signal, slotId, onProgress }: RasterContext,
): Promise<Raster> {
  const { scale, haloPx } = model;
  return enlarge(picture, {
    target,
    scale,
    haloPx,
    finishing,
    room,
    signal,
    async run(source, sink) {
      await runTiled({ source, sink, model, blend, host, tilePx: option.tilePx, slotId, signal, onProgress });
    },
  });
}
