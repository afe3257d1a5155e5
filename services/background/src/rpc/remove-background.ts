import { expected } from "@pixelmesh/errors";
import { isFrameFile } from "@pixelmesh/imaging";
import {
  CutOutResult,
  type RemoveBackgroundOperation,
  type RemoveBackgroundRequest,
  type RemoveBackgroundResponse,
  type ReplaceBackgroundOperation,
  Step,
} from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type RasterHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";
import { parseReplacement } from "../domain/replace/parse-replacement.ts";

/**
 * Handles RemoveBackground: returns the cut-out of one uploaded picture, without a job. With `replace`, it is laid over a colour
 * or the picture's own blur.
 */
export function createRemoveBackground(worker: WorkerParts, removing: RasterHandler, replacing: RasterHandler) {
  return async function* removeBackground(
    stream: AsyncIterable<RemoveBackgroundRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<RemoveBackgroundResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const { replace, encoding } = header;
    const operation: RemoveBackgroundOperation = header.operation ?? { model: "" };
    if (replace && parseReplacement(replace, "replace").kind === "picture") {
      throw expected("replace", "a colour or a blur; a job takes a second picture", "picture");
    }
    if (replace && operation.result === CutOutResult.MATTE)
      throw expected("operation.result", "CUT_OUT beside a new background", "MATTE");
    const step = Step.fromPartial({ id: "remove", operation: { $case: "removeBackground", value: operation } });
    const handler = replace ? removeAndReplace(removing, replacing, replace) : removing;
    for await (const part of streamDirect(worker, { handler, step, chunks, encoding, signal })) yield { part };
  };
}

/** Share of the cut-out in the progress of both steps. */
const removeShare = 0.8;

/** Runs both steps in one slot. The second one adds little memory to the first. */
function removeAndReplace(
  removing: RasterHandler,
  replacing: RasterHandler,
  replace: ReplaceBackgroundOperation,
): RasterHandler {
  const second = Step.fromPartial({ id: "replace", operation: { $case: "replaceBackground", value: replace } });
  return {
    need: (step, inputs, limits) => removing.need(step, inputs, limits),
    async runRasters(step, inputs, context) {
      // A run takes ownership of frames in memory, and the blur needs the picture once more. Files stay.
      const kept = inputs.map((picture) =>
        isFrameFile(picture) ? picture : { ...picture, data: picture.data.slice() },
      );
      const cutOut = await removing.runRasters(step, inputs, {
        ...context,
        // The second step works in the same slot.
        releaseSlot: undefined,
        onProgress: (fraction) => context.onProgress(fraction * removeShare),
      });
      const composed = await replacing.runRasters(second, [cutOut.frame, ...kept], {
        ...context,
        onProgress: (fraction) => context.onProgress(removeShare + fraction * (1 - removeShare)),
      });
      return { ...cutOut, frame: composed.frame };
    },
  };
}
