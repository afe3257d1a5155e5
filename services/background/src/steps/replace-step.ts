import { AppError } from "@pixelmesh/errors";
import { blurFrame, resizeFrame } from "@pixelmesh/imaging";
import { type Step, WorkClass } from "@pixelmesh/proto";
import type { StepHandler } from "@pixelmesh/worker";
import { replaceBackground } from "../domain/compose.ts";
import { parseReplacement, type Replacement } from "../domain/replacement.ts";

/** Puts a colour, a picture or a blur behind a cut-out. */
export const replaceHandler: StepHandler = {
  need(step, inputs) {
    parseStep(step);
    const [cutOut] = inputs;
    const resultBytes = (cutOut?.widthPx ?? 0) * (cutOut?.heightPx ?? 0) * 4;
    const inputBytes = inputs.reduce(
      (sum, { widthPx, heightPx, channels }) => sum + widthPx * heightPx * (channels || 4),
      0,
    );
    // The background is held once more at the result's size, and once on its way there.
    const peakBytes = inputBytes + 3 * resultBytes;
    return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
  },
  async run(step, [cutOut, picture], { signal, onProgress }) {
    if (!cutOut) throw new AppError("INTERNAL", "A replace_background step has no cut-out");
    const frame = await replaceBackground(cutOut, parseStep(step), {
      picture,
      resize: (frame, widthPx, heightPx) => resizeFrame(frame, widthPx, heightPx),
      blur: blurFrame,
      signal,
      onProgress,
    });
    return { frame };
  },
};

function parseStep({ operation }: Step): Replacement {
  if (operation?.$case !== "replaceBackground")
    throw new AppError("UNKNOWN_OPERATION", "Expected a replace_background step");
  return parseReplacement(operation.value);
}
