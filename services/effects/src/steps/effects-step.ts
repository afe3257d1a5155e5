import { AppError } from "@pixelmesh/errors";
import { assertOutputSize, type PictureLimits, type Raster, rasterBytes, shareFrameStore } from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import { type ApplyEffectsOperation, type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type PictureSize, type RasterHandler, type StepHandler, withFrames } from "@pixelmesh/worker";
import { parseOperation } from "../domain/catalogue/catalogue.ts";
import { applyChainTo } from "../domain/chain.ts";
import { type ChainNeed, chainNeed } from "../domain/chain-need.ts";
import type { ChainTask } from "../threads/chain-thread.ts";

// One effect on a 4K picture is 40 to 150 ms of work, in turns of about 4 ms. Meanwhile other cores decode and encode pictures. Handing the picture
// to a thread and back costs 70 ms more: copies, new memory, and collections in both threads. Starting a thread costs 150 to 240 ms.
const defaultThreadPixels = 12 * 1024 * 1024;

/**
 * Creates the handler that applies a chain of effects to one picture, row by row: in a thread, unless its pixels times its effects are at most `threadPixels`
 * (docs/adr/0031). Pictures above `maxFrameBytes` are read from a file and written to one.
 */
export function createEffectsHandler(
  threads: Threads<ChainTask, Raster>,
  {
    maxFrameBytes = Number.POSITIVE_INFINITY,
    threadPixels = defaultThreadPixels,
  }: { readonly maxFrameBytes?: number; readonly threadPixels?: number } = {},
): RasterHandler & StepHandler {
  return withFrames({
    need(step, [input = noPicture, ...others], limits) {
      const need = checkedNeed(step, input, limits);
      const pictures = [input, ...others, need.result];
      const framesBytes = pictures.reduce((sum, size) => sum + heldBytes(size, maxFrameBytes), 0);
      const madeBytes = need.pictureBytes
        .filter((bytes) => bytes <= maxFrameBytes)
        .reduce((sum, bytes) => sum + bytes, 0);
      const peakBytes = framesBytes + madeBytes + need.workBytes;
      return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
    },
    async runRasters(step, [picture, ...pictures], { frameStore, signal, onProgress }) {
      if (!picture) throw new AppError("INTERNAL", "An effects step has no picture");
      const effects = parseOperation(operationOf(step));
      const pixels = picture.widthPx * picture.heightPx;
      const options = { signal, onProgress, pictures };
      if (pixels * effects.length <= threadPixels)
        return { frame: await applyChainTo(picture, effects, frameStore, options) };
      const { result, pictureBytes } = chainNeed(effects, picture);
      const largestBytes = Math.max(rasterBytes(result), ...pictureBytes);
      const shared = await shareFrameStore(frameStore, largestBytes);
      const task = { frame: picture, pictures, effects: effects.map(({ resolved }) => resolved), frameStore: shared };
      return { frame: await threads.run(task, { signal, onProgress }) };
    },
  });
}

const noPicture: PictureSize = { widthPx: 0, heightPx: 0, channels: 0 };

/** Returns what the chain of a step needs. Throws OUTPUT_TOO_LARGE for a picture above the limits. */
function checkedNeed(step: Step, input: PictureSize, limits: PictureLimits): ChainNeed {
  // Unknown channels may be four.
  const channels = input.channels === 3 || input.channels === 1 ? 3 : 4;
  const need = chainNeed(parseOperation(operationOf(step)), { ...input, channels });
  for (const { widthPx, heightPx } of need.shapes) assertOutputSize(widthPx, heightPx, limits);
  return need;
}

function operationOf({ operation }: Step): ApplyEffectsOperation {
  if (operation?.$case === "applyEffects") return operation.value;
  throw new AppError("UNKNOWN_OPERATION", "Expected an apply_effects step");
}
