import { AppError } from "@pixelmesh/errors";
import { assertOutputSize, type PictureLimits, type Raster } from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import { type ApplyEffectsOperation, type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type PictureSize, type RasterHandler, type StepHandler, withFrames } from "@pixelmesh/worker";
import { parseOperation } from "../domain/catalogue/catalogue.ts";
import { applyChainTo } from "../domain/chain.ts";
import { type ChainNeed, chainNeed } from "../domain/chain-need.ts";
import type { ChainTask } from "../threads/chain-thread.ts";
import { runInThread } from "../threads/run-in-thread.ts";
import { createSharedMemory } from "../threads/shared-memory.ts";

// One effect on a 4K picture is 40 to 150 ms of work, in turns of about 4 ms. Meanwhile other cores decode and encode pictures. A chain in a thread
// costs two copies of 4 ms more, and 150 to 240 ms for the start of the thread.
const defaultThreadPixels = 12 * 1024 * 1024;

// Above 20 ms of work. Chains that share the event loop use one core together.
const besidePixels = 4 * 1024 * 1024;

/** Memory for the pictures and results of chains in threads: two chains on 4K pictures at once. Further ones use new memory. */
const sharedBytes = 128 * 1024 * 1024;

/**
 * Creates the handler that applies a chain of effects to one picture, row by row. The event loop computes one chain at a time, if its pixels times its effects
 * are at most `threadPixels`, and any small ones beside it; threads compute the others (docs/adr/0031). Pictures above `maxFrameBytes` are read from a file and written to one.
 */
export function createEffectsHandler(
  threads: Threads<ChainTask, Raster>,
  {
    maxFrameBytes = Number.POSITIVE_INFINITY,
    threadPixels = defaultThreadPixels,
  }: { readonly maxFrameBytes?: number; readonly threadPixels?: number } = {},
): RasterHandler & StepHandler {
  const shared = createSharedMemory(sharedBytes);
  let chainsOnLoop = 0;
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
    async runRasters(step, [picture, ...pictures], context) {
      if (!picture) throw new AppError("INTERNAL", "An effects step has no picture");
      const effects = parseOperation(operationOf(step));
      const pixels = picture.widthPx * picture.heightPx * effects.length;
      const isBeside = chainsOnLoop > 0 && pixels > besidePixels;
      if (pixels > threadPixels || isBeside)
        return { frame: await runInThread(threads, shared, { picture, pictures, effects }, context) };
      const { frameStore, signal, onProgress } = context;
      chainsOnLoop += 1;
      try {
        return { frame: await applyChainTo(picture, effects, frameStore, { signal, onProgress, pictures }) };
      } finally {
        chainsOnLoop -= 1;
      }
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
