import { AppError } from "@pixelmesh/errors";
import { resizeFrame } from "@pixelmesh/imaging";
import { fitWithin } from "@pixelmesh/pipeline";
import { type PrescaleOperation, type Step, WorkClass } from "@pixelmesh/proto";
import type { StepHandler } from "@pixelmesh/worker";

/** Shrinks a picture to fit; one that fits already passes as it is. */
export const prescaleHandler: StepHandler = {
  need(step, [input]) {
    const target = fitWithin(sizeOf(input), parseBounds(step));
    const channels = input?.channels || 4;
    const inputBytes = (input?.widthPx ?? 0) * (input?.heightPx ?? 0) * channels;
    const peakBytes = inputBytes + target.widthPx * target.heightPx * channels;
    return { workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 1 }] };
  },
  async run(step, [frame], { signal, onProgress }) {
    if (!frame) throw new AppError("INTERNAL", "A prescale step has no picture");
    const target = fitWithin(frame, parseBounds(step));
    if (target.widthPx === frame.widthPx && target.heightPx === frame.heightPx) return { frame };
    const scaled = await resizeFrame(frame, target.widthPx, target.heightPx);
    signal.throwIfAborted();
    onProgress(1);
    return { frame: scaled };
  },
};

function sizeOf(input: { widthPx: number; heightPx: number } | undefined) {
  return { widthPx: input?.widthPx ?? 0, heightPx: input?.heightPx ?? 0 };
}

function parseBounds({ operation }: Step): PrescaleOperation {
  if (operation?.$case !== "prescale") throw new AppError("UNKNOWN_OPERATION", "Expected a prescale step");
  return operation.value;
}
