import { AppError } from "@pixelmesh/errors";
import { resizeRaster } from "@pixelmesh/imaging";
import { fitWithin } from "@pixelmesh/pipeline";
import { type PrescaleOperation, type Step, WorkClass } from "@pixelmesh/proto";
import { heldBytes, type RasterHandler } from "@pixelmesh/worker";

/**
 * Creates the handler that shrinks a picture to fit, where possible while it is decoded. A picture that fits is not changed. Pictures
 * above `maxFrameBytes` lie in files.
 */
export function createPrescaleHandler({ maxFrameBytes }: { readonly maxFrameBytes: number }): RasterHandler {
  return {
    need(step, [input]) {
      const target = fitWithin(sizeOf(input), parseBounds(step));
      const channels = input?.channels ?? 0;
      const peakBytes =
        heldBytes({ ...sizeOf(input), channels }, maxFrameBytes) + heldBytes({ ...target, channels }, maxFrameBytes);
      return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
    },
    inputSize: (step, input) => fitWithin(input, parseBounds(step)),
    async runRasters(step, [picture], { frameStore, signal, onProgress }) {
      if (!picture) throw new AppError("INTERNAL", "A prescale step has no picture");
      const target = fitWithin(picture, parseBounds(step));
      const scaled = await resizeRaster(picture, target.widthPx, target.heightPx, "lanczos3", frameStore);
      signal.throwIfAborted();
      onProgress(1);
      return { frame: scaled };
    },
  };
}

function sizeOf(input: { widthPx: number; heightPx: number } | undefined) {
  return { widthPx: input?.widthPx ?? 0, heightPx: input?.heightPx ?? 0 };
}

function parseBounds({ operation }: Step): PrescaleOperation {
  if (operation?.$case !== "prescale") throw new AppError("UNKNOWN_OPERATION", "Expected a prescale step");
  return operation.value;
}
