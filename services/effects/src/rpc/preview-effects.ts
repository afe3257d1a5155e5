import type { PreviewEffectsRequest, PreviewEffectsResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { WorkerParts } from "@pixelmesh/worker";
import { parsePreviewPlan, parsePreviewSource } from "../domain/preview-request.ts";
import type { Previews } from "../previews/previews.ts";
import { sentSource, storedSource } from "../previews/source.ts";

/** Handles PreviewEffects: applies a chain to a small copy of a picture and returns it in one message. */
export function createPreviewEffects(worker: WorkerParts, previews: Previews) {
  return async function previewEffects(
    request: PreviewEffectsRequest,
    { signal }: CallContext,
  ): Promise<PreviewEffectsResponse> {
    const plan = parsePreviewPlan(request);
    const named = parsePreviewSource(request);
    const source = named.$case === "picture" ? sentSource(worker, named.bytes) : storedSource(worker, named.sha256);
    return await previews.make(source, plan, signal);
  };
}
