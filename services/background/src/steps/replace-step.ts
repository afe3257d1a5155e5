import { AppError } from "@pixelmesh/errors";
import type { Frame } from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import { type Step, WorkClass } from "@pixelmesh/proto";
import type { StepHandler } from "@pixelmesh/worker";
import { parseReplacement, type Replacement } from "../domain/replacement.ts";
import type { PictureTask } from "../threads/picture-thread.ts";

/** Puts a colour, a picture or a blur behind a cut-out, in a thread. */
export function createReplaceHandler(threads: Threads<PictureTask, Frame>): StepHandler {
  return {
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
      const replacement = parseStep(step);
      return { frame: await threads.run({ kind: "replace", cutOut, picture, replacement }, { signal, onProgress }) };
    },
  };
}

function parseStep({ operation }: Step): Replacement {
  if (operation?.$case !== "replaceBackground")
    throw new AppError("UNKNOWN_OPERATION", "Expected a replace_background step");
  return parseReplacement(operation.value);
}
