import { AppError } from "@pixelmesh/errors";
import { type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type PictureSize, type RasterHandler, type StepHandler, withFrames } from "@pixelmesh/worker";
import { parseReplacement, type Replacement } from "../domain/replace/parse-replacement.ts";
import type { PictureWork } from "../threads/picture-work.ts";

/**
 * Creates the handler that puts a colour, a picture or a blur behind a cut-out. Pictures above `maxFrameBytes` lie
 * in files.
 */
export function createReplaceHandler(
  work: PictureWork,
  { maxFrameBytes = Number.POSITIVE_INFINITY }: { readonly maxFrameBytes?: number } = {},
): RasterHandler & StepHandler {
  return withFrames({
    need(step, inputs) {
      parseStep(step);
      const [cutOut = { widthPx: 0, heightPx: 0, channels: 0 }] = inputs;
      const held = inputs.reduce((sum, input) => sum + heldBytes(input, maxFrameBytes), 0);
      // The background is held once at the result's size, and once as an intermediate picture.
      const peakBytes = held + 3 * heldBytes({ ...cutOut, channels: 4 }, maxFrameBytes) + rowsBytes(inputs);
      return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
    },
    async runRasters(step, [cutOut, picture], { frameStore, signal, onProgress }) {
      if (!cutOut) throw new AppError("INTERNAL", "A replace_background step has no cut-out");
      const replacement = parseStep(step);
      const task = { kind: "replace", cutOut, picture, replacement } as const;
      return { frame: await work.run(task, frameStore, { signal, onProgress }) };
    },
  });
}

/** Returns the size of the strips of rows that are processed at once. */
function rowsBytes(inputs: readonly PictureSize[]): number {
  return 32 * 4 * 4 * Math.max(0, ...inputs.map(({ widthPx }) => widthPx));
}

function parseStep({ operation }: Step): Replacement {
  if (operation?.$case !== "replaceBackground")
    throw new AppError("UNKNOWN_OPERATION", "Expected a replace_background step");
  return parseReplacement(operation.value);
}
