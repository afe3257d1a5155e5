import {
  type Content,
  FRAME_MEDIA_TYPE,
  type FrameStore,
  type GrowingContent,
  type PictureLimits,
  rasterBytes,
  toFormatMediaType,
  toFrameBlob,
} from "@pixelmesh/imaging";
import { Encoding, type Notice, StepResult, type WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { type PutMissing, putMissing } from "../storage/put-missing.ts";
import { toFrameRetention, toOutputRetention } from "../storage/result-cache.ts";
import { createSideBySide } from "../storage/side-by-side.ts";
import type { Retry } from "../storage/store-retry.ts";
import type { ExecutionResult } from "./execution.ts";
import { encodeInSpan, startEncodingInSpan } from "./picture-spans.ts";

/** Outputs of one step that are stored at the same time, and their bytes: the next one is encoded when there is place. */
const storing = { maxCount: 4, maxBytes: 64 * 1024 * 1024 };
/** Larger outputs are hashed before they are sent only if they are probably stored: hashing would cost more than it saves. */
const maxHashedBytes = 4 * 1024 * 1024;

/** An output of so many bytes of pixels is stored while it is encoded. A smaller one is encoded first, because storage is asked for its digest. */
const leastGrowingBytes = 16 * 1024 * 1024;

/** What storing needs besides the outcome. */
export type StoreOptions = {
  readonly limits: PictureLimits;
  readonly frameStore: FrameStore;
  readonly signal: AbortSignal;
  /** Whether the step ran before, so that storage probably has its bytes. */
  readonly isRepeated: boolean;
  /** Returns what repeats the things that storage, or the disk for large pictures, cannot take yet. */
  readonly retryUntil: (signal: AbortSignal) => Retry;
};

type OutputOfResult = StepResult["outputs"][number];

/**
 * Encodes the requested outputs one after the other, and stores each while the next ones are encoded; also the frame if another step needs it. The first
 * failure ends the other stores. Returns the stored result.
 */
export async function storeOutcome(
  { base, blobs }: Pick<WorkerParts, "base" | "blobs">,
  item: WorkItem,
  { outcome, model, modelDigest, deviceId, isCold, slotWaitMs, runMs }: ExecutionResult,
  decodeNotices: readonly Notice[],
  { limits, frameStore, signal: given, isRepeated, retryUntil }: StoreOptions,
): Promise<StepResult> {
  const { frame } = outcome;
  const notices = [...decodeNotices, ...(outcome.notices ?? [])];
  const startedMs = performance.now();
  const failed = new AbortController();
  const signal = AbortSignal.any([given, failed.signal]);
  const retry = retryUntil(signal);
  const encode = isRepeated || rasterBytes(frame) < leastGrowingBytes ? encodeInSpan : startEncodingInSpan;
  const put = (content: Content | GrowingContent, options: Omit<PutMissing, "signal">) =>
    retry(() => putMissing(blobs, content, { ...options, signal }));
  const frames = createSideBySide<StepResult["frame"]>(storing, failed.abort.bind(failed));
  const outputs = createSideBySide<OutputOfResult>(storing, failed.abort.bind(failed));
  try {
    if (item.storeFrame) {
      const content = await toFrameBlob(frame);
      const retention = { ...toFrameRetention(item), savedMs: toSavedMs(runMs) };
      frames.begin(content.sizeBytes, () =>
        put(content, { mediaType: FRAME_MEDIA_TYPE, retention, asksFirst: isRepeated }),
      );
    }
    for (const { encoding } of item.outputs) {
      await outputs.turn();
      signal.throwIfAborted();
      const wanted = encoding ?? Encoding.create();
      const encodingMs = performance.now();
      const { content, format, notices: own } = await retry(() => encode(frame, wanted, limits, frameStore));
      signal.throwIfAborted();
      notices.push(...own);
      const mediaType = toFormatMediaType(format);
      const savedMs = toSavedMs(runMs + performance.now() - encodingMs);
      const retention = { ...toOutputRetention(item), savedMs };
      const sizeBytes = content.sizeBytes ?? rasterBytes(frame);
      const asksFirst = isRepeated || sizeBytes <= maxHashedBytes;
      outputs.begin(sizeBytes, async () => {
        try {
          return { encoding: wanted, format, blob: await put(content, { mediaType, retention, asksFirst }) };
        } finally {
          // Its pixels are read until then.
          if (content.sizeBytes === undefined) await content.whole().catch(() => {});
        }
      });
    }
    return StepResult.fromPartial({
      outputs: await outputs.all(),
      frame: (await frames.all())[0],
      provenance: {
        jobId: item.jobId,
        stepId: item.stepId,
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
        cost: outcome.cost,
      },
      adaptations: [...(outcome.adaptations ?? [])],
      notices: notices.map((notice) => ({ ...notice, stepId: item.stepId })),
      widthPx: frame.widthPx,
      heightPx: frame.heightPx,
      channels: frame.channels,
    });
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    // The memory and the files of the pictures are reused once the caller closes the frame store.
    await Promise.all([frames.settled(), outputs.settled()]);
  }
}

/** At least 1: 0 means that the time is unknown. */
function toSavedMs(ms: number): number {
  return Math.max(1, Math.round(ms));
}
