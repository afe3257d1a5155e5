import { AppError } from "@pixelmesh/errors";
import { type Step, WorkClass } from "@pixelmesh/proto";
import type { StepHandler } from "@pixelmesh/worker";
import { parseEffects } from "../domain/catalogue.ts";
import { applyChain } from "../domain/chain.ts";
import type { ParsedEffect } from "../domain/effect.ts";

/** Bytes of working memory for each pixel of width: the rows that a chain holds while it streams. */
const chainBytesPerColumn = 16 * 1024;

/** Applies a chain of effects to one picture. */
export const effectsHandler: StepHandler = {
  need(step, [input]) {
    parseChain(step);
    const pixels = (input?.widthPx ?? 0) * (input?.heightPx ?? 0);
    const peakBytes = pixels * (input?.channels || 4) + pixels * 4 + (input?.widthPx ?? 0) * chainBytesPerColumn;
    return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
  },
  async run(step, [frame], { signal, onProgress }) {
    if (!frame) throw new AppError("INTERNAL", "An effects step has no picture");
    return { frame: await applyChain(frame, parseChain(step), { signal, onProgress }) };
  },
};

function parseChain({ operation }: Step): readonly ParsedEffect[] {
  if (operation?.$case !== "applyEffects") throw new AppError("UNKNOWN_OPERATION", "Expected an apply_effects step");
  return parseEffects(operation.value.effects);
}
