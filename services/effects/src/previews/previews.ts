import { hash } from "node:crypto";
import { assertOutputSize, type PictureLimits, type Shape } from "@pixelmesh/imaging";
import type { PictureHeader, PreviewEffectsResponse } from "@pixelmesh/proto";
import { type ByteBudget, createByteBudget } from "@pixelmesh/rpc";
import { callInfo } from "@pixelmesh/telemetry";
import type { WorkerParts } from "@pixelmesh/worker";
import type { EffectsConfig } from "../config.ts";
import type { ParsedEffect } from "../domain/catalogue/define-effect.ts";
import { applyChain } from "../domain/chain.ts";
import { chainNeed } from "../domain/chain-need.ts";
import { previewFactor } from "../domain/preview.ts";
import { describePreview, type PreviewPlan, previewKey } from "../domain/preview-request.ts";
import { createDecodeCopy } from "./decode-copy.ts";
import { createIdleCache } from "./idle-cache.ts";
import { encodePreview } from "./preview-encoding.ts";
import type { PreviewSource } from "./source.ts";
import { createSourceCopies, type DecodeCopy, type SourceCopy } from "./source-copies.ts";
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

/** A result, and the memory that was used to make it. */
type Computed = { readonly result: Result; readonly memoryBytes: number };

/** Previews, and decodes for them, that wait for their turn; a further one is refused. */
const maxWaiting = 64;
/** What a kept result takes besides its bytes and its key. */
const entryBytes = 1_024;

/** Creates the previews of one process. */
export function createPreviews(worker: WorkerParts, settings: Settings): Previews {
  // Decodes have turns of their own, because each may wait for memory.
  return createPreviewsOf(worker, settings, createDecodeCopy(worker, createTurns(settings)));
}

/** Creates previews of sources that `decode` decodes. */
export function createPreviewsOf(
  worker: Pick<WorkerParts, "limits"> & { readonly base: Pick<WorkerParts["base"], "metrics"> },
  settings: Settings,
  decode: DecodeCopy,
): Previews {
  const { metrics } = worker.base;
  const viewers = createViewers();
  const turns = createTurns(settings);
  const copies = createSourceCopies(settings.previewSourcesBytes, decode);
  const sizeOf = ({ picture }: Result, key: string) => picture.length + key.length + entryBytes;
  const results = createIdleCache<Result>(settings.previewResultsBytes, sizeOf);

  async function make(source: PreviewSource, plan: PreviewPlan, signal: AbortSignal): Promise<PreviewEffectsResponse> {
    const { tenant = "default" } = callInfo();
    const key = hash("sha256", JSON.stringify([tenant, source.sha256, previewKey(plan)]), "base64");
    const view = viewers.enter({ tenant, viewer: plan.viewer, sha256: source.sha256 }, describePreview(plan));
    try {
      const kept = results.get(key);
      if (kept) {
        metrics.count("pixelmesh_previews_total", { result: "kept" });
        return { ...kept, sourceSha256: source.sha256, cached: true, memoryBytes: sizeOf(kept, key) };
      }
      const made = await compute(tenant, source, plan, AbortSignal.any([signal, view.signal]));
      results.set(key, made.result);
      return { ...made.result, sourceSha256: source.sha256, cached: false, memoryBytes: made.memoryBytes };
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
  ): Promise<Computed> {
    const getCopy = () => copies.get(tenant, source, plan.sidePx, signal);
    // Made before the turn, which then does not wait for a decode. Not held meanwhile: the copies of all that wait may be larger than the cache.
    const isDecoded = await getCopy().then((made) => made.isDecoded);
    const turn = await turns.take(1, signal);
    try {
      // Made again if other sources took its place.
      const { copy, keptBytes } = await getCopy();
      const { result, workBytes } = await render(worker, copy, plan, signal);
      metrics.count("pixelmesh_previews_total", { result: isDecoded ? "decoded" : "computed" });
      return { result, memoryBytes: keptBytes + workBytes };
    } finally {
      turn.release();
    }
  }

  return { make };
}

/** Creates turns, given in order of arrival: a unit of the budget is one preview. */
function createTurns({ previewConcurrency }: Settings): ByteBudget {
  return createByteBudget({ totalBytes: previewConcurrency, name: "previews", maxWaiting });
}

/** Most pixels of a preview's result: effects may make a small picture larger. */
const maxResultPixels = 16 * 1_024 * 1_024;

/** Returns the memory of a chain besides the picture that it takes. Throws OUTPUT_TOO_LARGE if an effect makes a picture above the limits. */
function checkNeed(effects: readonly ParsedEffect[], picture: Shape, limits: PictureLimits): number {
  const { shapes, result, workBytes, pictureBytes } = chainNeed(effects, picture);
  for (const { widthPx, heightPx } of shapes) assertOutputSize(widthPx, heightPx, limits);
  const resultBytes = result.widthPx * result.heightPx * result.channels;
  return workBytes + pictureBytes.reduce((sum, bytes) => sum + bytes, 0) + resultBytes;
}

/** Applies the effects to the copy, their lengths scaled with it, and encodes the result. `workBytes`: memory of that, as estimated. */
async function render(
  { limits }: Pick<WorkerParts, "limits">,
  { frame, source }: SourceCopy,
  { effects, encoding }: PreviewPlan,
  signal: AbortSignal,
): Promise<{ readonly result: Result; readonly workBytes: number }> {
  const factor = previewFactor(frame, source);
  const scaled = effects.map((effect) => effect.atScale(factor));
  const maxOutputPixels = Math.min(limits.maxOutputPixels, maxResultPixels);
  const chainBytes = checkNeed(scaled, frame, { ...limits, maxOutputPixels });
  const shown = await applyChain(frame, scaled, { signal });
  const { bytes, format, notices } = await encodePreview(shown, encoding, limits);
  signal.throwIfAborted();
  const { widthPx, heightPx } = shown;
  const header = { format, widthPx, heightPx, sizeBytes: bytes.length, notices };
  return { result: { header, picture: new Uint8Array(bytes) }, workBytes: chainBytes + bytes.length };
}
