import { AppError } from "@pixelmesh/errors";
import { assertOutputSize, type Raster } from "@pixelmesh/imaging";
import { runTiled } from "@pixelmesh/inference";
import {
  type ModelRun,
  type Models,
  modelTokens,
  openModelRun,
  placeModel,
  type RasterContext,
  type RasterHandler,
  toWorkClass,
  withNarrowHosts,
} from "@pixelmesh/worker";
import { chooseUpscale, type UpscaleChoice } from "./choose.ts";
import { enlarge } from "./enlarge.ts";
import { isOneTile, serviceBytes, upscaleOptions } from "./options.ts";

/**
 * Creates the handler that enlarges one picture with a model, tile by tile in an inference host. A too large result is refused
 * before the work begins.
 */
export function createUpscaleHandler(
  models: Models,
  { maxFrameBytes }: { readonly maxFrameBytes: number },
): RasterHandler {
  const { registry, gpus } = models;
  return {
    async need(step, [input], limits) {
      const picture = input ?? { widthPx: 1, heightPx: 1, channels: 4 };
      const choice = chooseUpscale(registry, step, picture);
      assertOutputSize(choice.target.widthPx, choice.target.heightPx, limits);
      const options = upscaleOptions(choice, picture, {
        computeTokens: modelTokens(models, choice.model),
        holdsFrames: gpus === undefined,
        maxFrameBytes,
      });
      const isShort = isOneTile(choice.model, picture, options[0]?.tilePx ?? 0);
      return {
        ...(await placeModel(models, choice.model)),
        workClass: toWorkClass(choice.model.workClass),
        options: isShort ? withNarrowHosts(models, choice.model, options) : options,
      };
    },
    async runRasters(step, [picture], context) {
      if (!picture) throw new AppError("INTERNAL", "An upscale step has no picture");
      const choice = chooseUpscale(registry, step, picture);
      const held = await openModelRun(models, choice.model, context);
      try {
        const frame = await enlargeIn(held, picture, choice, context);
        const peakBytes = await held.peakBytes(serviceBytes(choice, picture, held.resources().tilePx, maxFrameBytes));
        return { frame, provider: held.provider(), ...(peakBytes === undefined ? {} : { peakBytes }) };
      } finally {
        held.close();
      }
    },
  };
}

function enlargeIn(
  held: ModelRun,
  picture: Raster,
  { model, blend, target, finishing }: UpscaleChoice,
  { frameStore, signal, onProgress }: RasterContext,
): Promise<Raster> {
  const { scale, haloPx } = model;
  return enlarge(picture, {
    target,
    scale,
    haloPx,
    finishing,
    frameStore,
    signal,
    async run(source, sink) {
      await runTiled({ source, sink, model, blend, ...held.resources(), recover: held.recover, signal, onProgress });
    },
  });
}
