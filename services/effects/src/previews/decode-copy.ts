import { createFrame, openEncoded, toWholeFrame } from "@pixelmesh/imaging";
import { Priority, Step, WorkClass } from "@pixelmesh/proto";
import type { ByteBudget } from "@pixelmesh/rpc";
import { callInfo, withCallInfo } from "@pixelmesh/telemetry";
import { executeStep, heldBytes, type RasterHandler, type WorkerParts } from "@pixelmesh/worker";
import { maxPreviewSidePx, previewSize } from "../domain/preview.ts";
import type { PreviewSource } from "./source.ts";
import type { DecodeCopy, SourceCopy } from "./source-copies.ts";

// A decode serves several calls, so it does not end at the deadline of the first.
const decodeTimeoutMs = 30_000;

/**
 * Returns a function that decodes a source to its largest copy, shrunk with Lanczos while it is decoded. The decode holds a slot for its
 * memory and takes no compute tokens, so that it does not wait for batch work that holds them all. A decode takes one unit of `turns`.
 */
export function createDecodeCopy(worker: WorkerParts, turns: ByteBudget): DecodeCopy {
  return async function decodeCopy(source: PreviewSource, signal: AbortSignal): Promise<SourceCopy> {
    const deadlineUnixMs = Date.now() + decodeTimeoutMs;
    return withCallInfo({ deadlineUnixMs }, async () => {
      const turn = await turns.take(1, signal);
      try {
        const { bytes, release } = await source.open(signal);
        try {
          return await decodeBytes(worker, bytes, deadlineUnixMs, signal);
        } finally {
          release();
        }
      } finally {
        turn.release();
      }
    });
  };
}

async function decodeBytes(
  worker: WorkerParts,
  bytes: Uint8Array,
  deadlineUnixMs: number,
  signal: AbortSignal,
): Promise<SourceCopy> {
  const { limits, config, scratch } = worker;
  const { info, decode } = await openEncoded(bytes, limits);
  const { widthPx, heightPx } = info;
  const size = previewSize(widthPx, heightPx, maxPreviewSidePx);
  const peakBytes =
    heldBytes(info, config.maxFrameBytes) + 2 * heldBytes({ ...size, channels: 4 }, config.maxFrameBytes);
  const frameStore = scratch.openFrameStore();
  const handler: RasterHandler = {
    need: () => ({ workClass: WorkClass.LIGHT, options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 0 }] }),
    runRasters: async () => ({ frame: (await decode(frameStore, size)).raster }),
  };
  const step = Step.fromPartial({ id: "preview", operation: { $case: "applyEffects", value: {} } });
  const work = { handler, step, sizes: [info], limits, frameStore, loadInputs: async () => [] };
  const { tenant = "default" } = callInfo();
  const account = { jobId: "", tenant, priority: Priority.INTERACTIVE, deadlineUnixMs };
  try {
    const { outcome } = await executeStep(worker, work, account, { signal, onProgress() {} });
    const { data, channels } = await toWholeFrame(outcome.frame);
    // The frame store takes its memory back, so the copy has its own.
    const frame = createFrame(size.widthPx, size.heightPx, channels, new Uint8Array(data));
    await frameStore.end();
    return { frame, source: { widthPx, heightPx } };
  } finally {
    await frameStore.close();
  }
}
