import { randomBytes } from "node:crypto";
import { createFrame, defaultLimits, memoryFrameStore } from "@pixelmesh/imaging";
import { type Encoding, ImageFormat, WorkItem } from "@pixelmesh/proto";
import type { BlobClient } from "@pixelmesh/worker";
import type { ExecutionResult } from "../../libs/worker/src/steps/execution.ts";
import { storeOutcome } from "../../libs/worker/src/steps/store-result.ts";

const formats = [ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF];

/** Encodes and stores four outputs of one picture of `sidePx` with the workers' code: as one step, or as four steps of one output in turn. Returns the milliseconds. */
export async function storeOutputs(blobs: BlobClient, sidePx: number, how: "together" | "in turn"): Promise<number> {
  const frame = createFrame(sidePx, sidePx, 3);
  // New bytes each time, so that storage has none of the outputs. A smooth part keeps the encoders quick.
  frame.data.set(randomBytes(frame.data.length >> 2));
  const executed = { outcome: { frame }, runMs: 1, slotWaitMs: 0 } as unknown as ExecutionResult;
  const store = (wanted: readonly ImageFormat[]) => {
    const outputs = wanted.map((format) => ({ name: `${format}`, encoding: { format } as unknown as Encoding }));
    const item = WorkItem.fromPartial({ jobId: "", stepId: "s", outputs });
    return storeOutcome({ base: { worker: "bench" } as never, blobs }, item, executed, [], {
      ...{ limits: defaultLimits, frameStore: memoryFrameStore, signal: new AbortController().signal },
      ...{ isRepeated: false, retryUntil: () => (act) => act() },
    });
  };
  const startMs = performance.now();
  if (how === "together") await store(formats);
  else for (const format of formats) await store([format]);
  return performance.now() - startMs;
}
