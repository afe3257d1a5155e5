import { expected } from "@pixelmesh/errors";
import { Step, type UpscaleImageRequest, type UpscaleImageResponse } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type StepHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";

/** UpscaleImage: the upscale step on one uploaded picture, without a job. */
export function createUpscaleImage(worker: WorkerParts, handler: StepHandler) {
  return async function* upscaleImage(
    stream: AsyncIterable<UpscaleImageRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<UpscaleImageResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const operation = header.operation ?? { scale: 0, model: "" };
    if (![0, 2, 3, 4].includes(operation.scale))
      throw expected("operation.scale", "2, 3 or 4, or 0 for the model's own", operation.scale);
    const step = Step.fromPartial({ id: "upscale", operation: { $case: "upscale", value: operation } });
    for await (const part of streamDirect(worker, { handler, step, chunks, encoding: header.encoding, signal }))
      yield { part };
  };
}
