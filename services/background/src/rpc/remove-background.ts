import { expected } from "@pixelmesh/errors";
import {
  type RemoveBackgroundRequest,
  type RemoveBackgroundResponse,
  type ReplaceBackgroundOperation,
  Step,
} from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type StepHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";
import { parseReplacement } from "../domain/replacement.ts";

/** RemoveBackground: the cut-out of one uploaded picture, without a job; with `replace`, over a colour or its own blur. */
export function createRemoveBackground(worker: WorkerParts, removing: StepHandler, replacing: StepHandler) {
  return async function* removeBackground(
    stream: AsyncIterable<RemoveBackgroundRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<RemoveBackgroundResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const { operation = { model: "" }, replace, encoding } = header;
    if (replace && parseReplacement(replace, "replace").kind === "picture") {
      throw expected("replace", "a colour or a blur; a job takes a second picture", "picture");
    }
    const step = Step.fromPartial({ id: "remove", operation: { $case: "removeBackground", value: operation } });
    const handler = replace ? removeAndReplace(removing, replacing, replace) : removing;
    for await (const part of streamDirect(worker, { handler, step, chunks, encoding, signal })) yield { part };
  };
}

/** Both steps in one slot: what the second adds is small beside the first. */
function removeAndReplace(
  removing: StepHandler,
  replacing: StepHandler,
  replace: ReplaceBackgroundOperation,
): StepHandler {
  const second = Step.fromPartial({ id: "replace", operation: { $case: "replaceBackground", value: replace } });
  return {
    need: (step, inputs, limits) => removing.need(step, inputs, limits),
    async run(step, inputs, context) {
      // A run takes its pictures over, and a blur is made from the picture once more.
      const kept = inputs.map((frame) => ({ ...frame, data: frame.data.slice() }));
      const cutOut = await removing.run(step, inputs, {
        ...context,
        onProgress: (fraction) => context.onProgress(fraction * 0.8),
      });
      const composed = await replacing.run(second, [cutOut.frame, ...kept], context);
      return { ...cutOut, frame: composed.frame };
    },
  };
}
