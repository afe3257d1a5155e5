import { AppError } from "@pixelmesh/errors";
import { type Raster, shareFrameStore } from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import { type Effect, type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type RasterHandler, type StepHandler, withFrames } from "@pixelmesh/worker";
import { parseEffects } from "../domain/catalogue/catalogue.ts";
import { applyChainTo, chainShape } from "../domain/chain.ts";
import type { ChainTask } from "../threads/chain-thread.ts";

/**
 * Working memory for each pixel of width, in bytes: the strips of a chain, and the rows that each effect holds. The largest, `edge_sketch` at 12 px, holds
 * 5.5 KiB.
 */
const bytesPerColumn = { strips: 10 * 1024, effect: 6 * 1024 };

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
    need(step, [input = noPicture]) {
      const effects = parseEffects(effectsOf(step));
      const result = chainShape({ ...input, channels: input.channels === 3 ? 3 : 4 });
      const frames = heldBytes(input, maxFrameBytes) + heldBytes(result, maxFrameBytes);
      const rows = bytesPerColumn.strips + effects.length * bytesPerColumn.effect;
      const peakBytes = frames + input.widthPx * rows;
      return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
    },
    async runRasters(step, [picture], { frameStore, signal, onProgress }) {
      if (!picture) throw new AppError("INTERNAL", "An effects step has no picture");
      const effects = effectsOf(step);
      const pixels = picture.widthPx * picture.heightPx;
      if (pixels * effects.length <= threadPixels)
        return { frame: await applyChainTo(picture, parseEffects(effects), frameStore, { signal, onProgress }) };
      const task = { frame: picture, effects, frameStore: await shareFrameStore(frameStore, pixels * 4) };
      return { frame: await threads.run(task, { signal, onProgress }) };
    },
  });
}

const noPicture = { widthPx: 0, heightPx: 0, channels: 0 };

function effectsOf({ operation }: Step): readonly Effect[] {
  if (operation?.$case !== "applyEffects") throw new AppError("UNKNOWN_OPERATION", "Expected an apply_effects step");
  return operation.value.effects;
}
