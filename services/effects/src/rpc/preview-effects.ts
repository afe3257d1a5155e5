import { AppError } from "@pixelmesh/errors";
import { encodeFrame, openEncoded, toWholeFrame } from "@pixelmesh/imaging";
import { Encoding, type PreviewEffectsRequest, type PreviewEffectsResponse, Priority, Step } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { callInfo } from "@pixelmesh/telemetry";
import { executeStep, type RasterHandler, type WorkerParts } from "@pixelmesh/worker";
import { parseEffects } from "../domain/catalogue/catalogue.ts";
import { parsePreviewSide, previewSize } from "../domain/preview.ts";
import { atScale } from "../steps/effects-step.ts";

/** Handles PreviewEffects: applies a chain to a shrunken picture and returns it in one message. */
export function createPreviewEffects(worker: WorkerParts, handler: RasterHandler) {
  return async function previewEffects(
    request: PreviewEffectsRequest,
    { signal }: CallContext,
  ): Promise<PreviewEffectsResponse> {
    // The picture lies in memory until a slot is free and the preview is made.
    const share = worker.transfers.uploads.open();
    try {
      share.grow(request.picture.length);
      return await preview(request, signal);
    } finally {
      share.release();
    }
  };

  async function preview(request: PreviewEffectsRequest, signal: AbortSignal): Promise<PreviewEffectsResponse> {
    const effects = request.operation?.effects ?? [];
    parseEffects(effects, "operation.effects");
    const side = parsePreviewSide(request.maxSidePx);
    const picture = await openEncoded(request.picture, worker.limits);
    const { info } = picture;
    const size = previewSize(info.widthPx, info.heightPx, side);
    const { deadlineUnixMs, tenant } = callInfo();
    if (deadlineUnixMs === undefined) throw new AppError("INTERNAL", "A preview has no deadline");
    const frameStore = worker.scratch.openFrameStore();
    try {
      const factor = Math.max(size.widthPx, size.heightPx) / Math.max(info.widthPx, info.heightPx);
      const work = {
        handler: atScale(handler, factor),
        step: Step.fromPartial({ id: "preview", operation: { $case: "applyEffects", value: { effects } } }),
        sizes: [{ ...size, channels: info.channels }],
        limits: worker.limits,
        frameStore,
        async loadInputs() {
          return [(await picture.decode(frameStore, size)).raster];
        },
      };
      const account = { jobId: "", tenant: tenant ?? "default", priority: Priority.INTERACTIVE, deadlineUnixMs };
      const { outcome } = await executeStep(worker, work, account, { signal, onProgress() {} });
      const { bytes, format, notices } = await encodeFrame(
        await toWholeFrame(outcome.frame),
        request.encoding ?? Encoding.create(),
        worker.limits,
      );
      await frameStore.end();
      return { header: { format, ...size, sizeBytes: bytes.length, notices }, picture: bytes };
    } finally {
      await frameStore.close();
    }
  }
}
