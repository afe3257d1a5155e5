import { availableParallelism } from "node:os";
import { AppError } from "@pixelmesh/errors";
import { assertOutputSize, type PictureLimits } from "@pixelmesh/imaging";
import { type ApplyEffectsOperation, type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type PictureSize, type RasterHandler, type StepHandler, withFrames } from "@pixelmesh/worker";
import { parseOperation } from "../domain/catalogue/catalogue.ts";
import { type ChainNeed, chainNeed } from "../domain/chain-need.ts";
import type { ChainThreads } from "../threads/chain-threads.ts";
import { createChainRunner } from "./chain-runner.ts";
import { runSharedChain } from "./run-shared-chain.ts";

// One effect on a 4K picture is 40 to 150 ms of work, in turns of about 4 ms. Meanwhile other cores decode and encode pictures. A chain in a thread
// costs two copies of 4 ms more, and 150 to 240 ms for the start of the thread.
const defaultThreadPixels = 12 * 1024 * 1024;

/**
 * Creates the handler that applies a chain of effects to one picture, row by row: small chains in the event loop, those above `threadPixels` pixels times
 * effects in threads. Pictures above `maxFrameBytes` are read from a file and written to one. A beginning that steps of a job share lies in a file, so no
 * step needs memory for it.
 */
export function createEffectsHandler(
  threads: ChainThreads,
  {
    maxFrameBytes = Number.POSITIVE_INFINITY,
    threadPixels = defaultThreadPixels,
    chainThreads = availableParallelism(),
  }: { readonly maxFrameBytes?: number; readonly threadPixels?: number; readonly chainThreads?: number } = {},
): RasterHandler & StepHandler {
  const runner = createChainRunner(threads, { threadPixels, lanes: chainThreads });
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
      return { frame: await runSharedChain(runner, { picture, pictures, effects }, context) };
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
