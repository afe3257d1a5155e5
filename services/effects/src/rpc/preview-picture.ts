import type { PreviewEffectsResponse, PreviewPictureRequest } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import type { WorkerParts } from "@pixelmesh/worker";
import { parsePreviewPlan } from "../domain/preview-request.ts";
import type { Previews } from "../previews/previews.ts";
import { readSource } from "../previews/source.ts";

/** Handles PreviewPicture: does the same as PreviewEffects for a picture that comes as a stream. */
export function createPreviewPicture(worker: WorkerParts, previews: Previews) {
  return async function previewPicture(
    stream: AsyncIterable<PreviewPictureRequest>,
    { signal }: CallContext,
  ): Promise<PreviewEffectsResponse> {
    const { header, chunks } = await splitHeader(stream);
    const plan = parsePreviewPlan(header);
    return await previews.make(await readSource(worker, chunks), plan, signal);
  };
}
