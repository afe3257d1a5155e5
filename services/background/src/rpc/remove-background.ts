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
import { replaceHandler } from "../steps/replace-step.ts";

/** RemoveBackground: the cut-out of one uploaded picture, without a job; with `replace`, over a colour or its own blur. */
export function createRemoveBackground(worker: WorkerParts, remove: StepHandler) {
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
    const handler = replace ? removeAndReplace(remove, replace) : remove;
    for await (const part of streamDirect(worker, { handler, step, chunks, encoding, signal })) yield { part };
  };
}

/** Both steps in one slot: what the second adds is small beside the first. */
function removeAndReplace(remove: StepHandler, replace: ReplaceBackgroundOperation): StepHandler {
  const second = Step.fromPartial({ id: "replace", operation: { $case: "replaceBackground", value: replace } });
  return {
    need: (step, inputs) => remove.need(step, inputs),
    async run(step, inputs, context) {
      const cutOut = await remove.run(step, inputs, {
        ...context,
        onProgress: (fraction) => context.onProgress(fraction * 0.8),
      });
      const composed = await replaceHandler.run(second, [cutOut.frame, ...inputs], context);
      return { ...cutOut, frame: composed.frame };
    },
  };
}
