import {
  type Content,
  encodeRaster,
  FRAME_MEDIA_TYPE,
  type PictureLimits,
  type Room,
  toFormatMediaType,
  toFrameBlob,
} from "@pixelmesh/imaging";
import { Encoding, type Notice, StepResult, type WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { toFrameKeep, toOutputKeep } from "../storage/result-store.ts";
import type { Patiently } from "../storage/store-retry.ts";
import type { ExecutionResult } from "./execute-step.ts";

/**
 * Encodes each wanted output once, stores it, and the raw frame where another step needs it; answers what was stored. A
 * result that the store, or the disk for large pictures, cannot take now is kept and tried again by `patiently`.
 */
export async function storeOutcome(
  { base, blobs }: WorkerParts,
  item: WorkItem,
  { outcome, model, modelDigest, deviceId, isCold, slotWaitMs, runMs }: ExecutionResult,
  decodeNotices: readonly Notice[],
  {
    limits,
    room,
    signal,
    patiently,
  }: {
    readonly limits: PictureLimits;
    readonly room: Room;
    readonly signal: AbortSignal;
    readonly patiently: Patiently;
  },
): Promise<StepResult> {
  const { frame } = outcome;
  const notices = [...decodeNotices, ...(outcome.notices ?? [])];
  const startedMs = performance.now();
  const storeFrame = (content: Content) =>
    patiently(() => blobs.put(content, FRAME_MEDIA_TYPE, toFrameKeep(item), signal));
  const storingFrame = item.storeFrame ? storeFrame(await toFrameBlob(frame)) : undefined;
  storingFrame?.catch(() => {});
  try {
    const outputs: StepResult["outputs"] = [];
    for (const { encoding } of item.outputs) {
      signal.throwIfAborted();
      const wanted = encoding ?? Encoding.create();
      const encoded = await patiently(() => encodeRaster(frame, wanted, limits, room));
      notices.push(...encoded.notices);
      const mediaType = toFormatMediaType(encoded.format);
      const blob = await patiently(() => blobs.put(encoded.content, mediaType, toOutputKeep(item), signal));
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
      },
      adaptations: [...(outcome.adaptations ?? [])],
      notices: notices.map((notice) => ({ ...notice, stepId: item.stepId })),
      widthPx: frame.widthPx,
      heightPx: frame.heightPx,
      channels: frame.channels,
    });
  } finally {
    // Its memory is another's once the room is closed.
    await storingFrame?.catch(() => {});
  }
}
