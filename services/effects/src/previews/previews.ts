import { hash } from "node:crypto";
import { encodeFrame } from "@pixelmesh/imaging";
import type { PictureHeader, PreviewEffectsResponse } from "@pixelmesh/proto";
import { createByteBudget } from "@pixelmesh/rpc";
import { callInfo } from "@pixelmesh/telemetry";
import type { WorkerParts } from "@pixelmesh/worker";
import { LRUCache } from "lru-cache";
import type { EffectsConfig } from "../config.ts";
import { applyChain } from "../domain/chain.ts";
import { previewFactor } from "../domain/preview.ts";
import { describePreview, type PreviewPlan, previewKey } from "../domain/preview-request.ts";
import { createDecodeCopy } from "./decode-copy.ts";
import type { PreviewSource } from "./source.ts";
import { createSourceCopies, type SourceCopy } from "./source-copies.ts";
import { createViewers } from "./viewers.ts";

/** Makes previews and keeps what the next ones may need. */
export type Previews = {
  /**
   * Returns the preview of a source; closes the source. Throws CANCELLED when a newer preview of the same view begins, QUEUE_FULL with
   * RetryInfo if too many previews wait, and the failures of reading and decoding the source.
   */
  make(source: PreviewSource, plan: PreviewPlan, signal: AbortSignal): Promise<PreviewEffectsResponse>;
};

type Settings = Pick<EffectsConfig, "previewSourcesBytes" | "previewResultsBytes" | "previewConcurrency">;

type Result = { readonly header: PictureHeader; readonly picture: Uint8Array };

/** Previews, and decodes for them, that wait for their turn; a further one is refused. */
const maxWaiting = 64;
/** What a kept result takes besides its bytes and its key. */
const entryBytes = 1_024;

/** Creates the previews of one process. */
export function createPreviews(worker: WorkerParts, settings: Settings): Previews {
  const { metrics } = worker.base;
  const viewers = createViewers();
  // A unit of these budgets is one preview: turns are given in order of arrival. Decodes have their own, because each may wait for memory.
  const createTurns = () => createByteBudget({ totalBytes: settings.previewConcurrency, name: "previews", maxWaiting });
  const turns = createTurns();
  const copies = createSourceCopies(settings.previewSourcesBytes, createDecodeCopy(worker, createTurns()));
  const results = new LRUCache<string, Result>({
    maxSize: settings.previewResultsBytes,
    sizeCalculation: ({ picture }, key) => picture.length + key.length + entryBytes,
  });

  async function make(source: PreviewSource, plan: PreviewPlan, signal: AbortSignal): Promise<PreviewEffectsResponse> {
    const { tenant = "default" } = callInfo();
    const key = hash("sha256", JSON.stringify([tenant, source.sha256, previewKey(plan)]), "base64");
    const view = viewers.enter({ tenant, viewer: plan.viewer, sha256: source.sha256 }, describePreview(plan));
    try {
      const kept = results.get(key);
      const result = kept ?? (await compute(tenant, source, plan, AbortSignal.any([signal, view.signal])));
      if (kept) metrics.count("pixelmesh_previews_total", { result: "kept" });
      else results.set(key, result);
      return { ...result, sourceSha256: source.sha256, cached: kept !== undefined };
    } catch (error) {
      if (view.signal.aborted) metrics.count("pixelmesh_previews_total", { result: "replaced" });
      throw error;
    } finally {
      view.leave();
      source.close();
    }
  }

  async function compute(
    tenant: string,
    source: PreviewSource,
    plan: PreviewPlan,
    signal: AbortSignal,
  ): Promise<Result> {
    const { copy, isDecoded } = await copies.get(tenant, source, plan.sidePx, signal);
    const turn = await turns.take(1, signal);
    try {
      const result = await render(worker, copy, plan, signal);
      metrics.count("pixelmesh_previews_total", { result: isDecoded ? "decoded" : "computed" });
      return result;
    } finally {
      turn.release();
    }
  }

  return { make };
}

/** Applies the effects to the copy, their lengths scaled with it, and encodes the result. */
async function render(
  { limits }: Pick<WorkerParts, "limits">,
  { frame, source }: SourceCopy,
  { effects, encoding }: PreviewPlan,
  signal: AbortSignal,
): Promise<Result> {
  const factor = previewFactor(frame, source);
  const scaled = effects.map((effect) => effect.atScale(factor));
  const shown = await applyChain(frame, scaled, { signal });
  const { bytes, format, notices } = await encodeFrame(shown, encoding, limits);
  signal.throwIfAborted();
  const { widthPx, heightPx } = shown;
  return { header: { format, widthPx, heightPx, sizeBytes: bytes.length, notices }, picture: new Uint8Array(bytes) };
}
