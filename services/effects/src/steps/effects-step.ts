import { AppError } from "@pixelmesh/errors";
import type { Frame } from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import { type Effect, type Step, WorkClass } from "@pixelmesh/proto";
import type { StepHandler } from "@pixelmesh/worker";
import { parseEffects } from "../domain/catalogue.ts";
import { applyChain } from "../domain/chain.ts";
import type { ChainTask } from "../threads/chain-thread.ts";

/** Bytes of working memory for each pixel of width: the rows that a chain holds while it streams. */
const chainBytesPerColumn = 16 * 1024;

// Some 40 ms of work for an effect, in turns of 5 ms. Less would gain nothing from a thread: starting one takes three times that.
const smallPixels = 256 * 1024;

/** Applies a chain of effects to one picture: in a thread, unless it is small (docs/adr/0031). */
export function createEffectsHandler(threads: Threads<ChainTask, Frame>): StepHandler {
  return {
    need(step, [input]) {
      parseEffects(effectsOf(step));
      const pixels = (input?.widthPx ?? 0) * (input?.heightPx ?? 0);
      const peakBytes = pixels * (input?.channels || 4) + pixels * 4 + (input?.widthPx ?? 0) * chainBytesPerColumn;
      return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
    },
    async run(step, [frame], { signal, onProgress }) {
      if (!frame) throw new AppError("INTERNAL", "An effects step has no picture");
      const effects = effectsOf(step);
      if (frame.widthPx * frame.heightPx > smallPixels)
        return { frame: await threads.run({ frame, effects }, { signal, onProgress }) };
      return { frame: await applyChain(frame, parseEffects(effects), { signal, onProgress }) };
    },
  };
}

function effectsOf({ operation }: Step): readonly Effect[] {
  if (operation?.$case !== "applyEffects") throw new AppError("UNKNOWN_OPERATION", "Expected an apply_effects step");
  return operation.value.effects;
}
