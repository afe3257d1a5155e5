import {
  type Content,
  FRAME_MEDIA_TYPE,
  type FrameStore,
  type PictureLimits,
  toFormatMediaType,
  toFrameBlob,
} from "@pixelmesh/imaging";
import { Encoding, type Notice, StepResult, type WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { toFrameRetention, toOutputRetention } from "../storage/result-cache.ts";
import type { Retry } from "../storage/store-retry.ts";
import type { ExecutionResult } from "./execution.ts";
import { encodeInSpan } from "./picture-spans.ts";

/**
 * Encodes and stores each requested output, and the frame if another step needs it. Returns the stored result. `retry` repeats what
 * storage, or the disk for large pictures, cannot take yet.
 */
export async function storeOutcome(
  { base, blobs }: WorkerParts,
  item: WorkItem,
  { outcome, model, modelDigest, deviceId, isCold, slotWaitMs, runMs }: ExecutionResult,
  decodeNotices: readonly Notice[],
  {
    limits,
    frameStore,
    signal,
    retry,
  }: {
    readonly limits: PictureLimits;
    readonly frameStore: FrameStore;
    readonly signal: AbortSignal;
    readonly retry: Retry;
  },
): Promise<StepResult> {
  const { frame } = outcome;
  const notices = [...decodeNotices, ...(outcome.notices ?? [])];
  const startedMs = performance.now();
  const storeFrame = (content: Content) =>
    retry(() => blobs.put(content, FRAME_MEDIA_TYPE, toFrameRetention(item), signal));
  const storingFrame = item.storeFrame ? storeFrame(await toFrameBlob(frame)) : undefined;
  storingFrame?.catch(() => {});
  try {
    const outputs: StepResult["outputs"] = [];
    for (const { encoding } of item.outputs) {
      signal.throwIfAborted();
      const wanted = encoding ?? Encoding.create();
      const encoded = await retry(() => encodeInSpan(frame, wanted, limits, frameStore));
      notices.push(...encoded.notices);
      const mediaType = toFormatMediaType(encoded.format);
      const blob = await retry(() => blobs.put(encoded.content, mediaType, toOutputRetention(item), signal));
      outputs.push({ encoding: wanted, format: encoded.format, blob });
    }
    return StepResult.fromPartial({
      frame: await storingFrame,
      outputs,
      provenance: {
        jobId: item.jobId,
        worker: base.worker,
        model,
        modelDigest,
        provider: outcome.provider ?? "",
        device: deviceId,
        cold: isCold,
        runMs: Math.round(runMs + performance.now() - startedMs),
        slotWaitMs: Math.round(slotWaitMs),
        finishedUnixMs: Date.now(),
        confidence: outcome.confidence,
      },
      adaptations: [...(outcome.adaptations ?? [])],
      notices: notices.map((notice) => ({ ...notice, stepId: item.stepId })),
      widthPx: frame.widthPx,
      heightPx: frame.heightPx,
      channels: frame.channels,
    });
  } finally {
    // The frame's memory is reused once the caller closes the frame store.
    await storingFrame?.catch(() => {});
  }
}
