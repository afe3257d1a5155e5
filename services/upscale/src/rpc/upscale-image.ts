import { expected } from "@pixelmesh/errors";
import { Step, type UpscaleImageRequest, type UpscaleImageResponse, UpscaleOperation } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type RasterHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";

/**
 * Handles UpscaleImage: runs the upscale step on one uploaded picture, without a job. The caller may lower the limit of the
 * result's pixels.
 */
export function createUpscaleImage(worker: WorkerParts, handler: RasterHandler) {
  return async function* upscaleImage(
    stream: AsyncIterable<UpscaleImageRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<UpscaleImageResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const { encoding, maxOutputPixels, operation = UpscaleOperation.create() } = header;
    if (maxOutputPixels < 0) throw expected("max_output_pixels", "0 or more", maxOutputPixels);
    const mostPixels = Math.min(maxOutputPixels || Number.POSITIVE_INFINITY, worker.limits.maxOutputPixels);
    const limits = { ...worker.limits, maxOutputPixels: mostPixels };
    const step = Step.fromPartial({ id: "upscale", operation: { $case: "upscale", value: operation } });
    for await (const part of streamDirect(worker, { handler, step, chunks, encoding, limits, signal })) yield { part };
  };
}
