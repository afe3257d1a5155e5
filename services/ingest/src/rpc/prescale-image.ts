import { expected } from "@pixelmesh/errors";
import { type PrescaleImageRequest, type PrescaleImageResponse, Step } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type RasterHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";

/** PrescaleImage: runs the prescale step on one uploaded picture, without a job. */
export function createPrescaleImage(worker: WorkerParts, handler: RasterHandler) {
  return async function* prescaleImage(
    stream: AsyncIterable<PrescaleImageRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<PrescaleImageResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const operation = header.operation ?? { maxSidePx: 0, maxPixels: 0 };
    if (operation.maxSidePx === 0 && operation.maxPixels === 0)
      throw expected("operation", "a bound: max_side_px or max_pixels", "none");
    const step = Step.fromPartial({ id: "prescale", operation: { $case: "prescale", value: operation } });
    const request = { handler, step, chunks, encoding: header.encoding, signal };
    for await (const part of streamDirect(worker, request)) if (part.$case !== "progress") yield { part };
  };
}
