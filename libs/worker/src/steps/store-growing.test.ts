import { AppError } from "@pixelmesh/errors";
import { createFrame, decodePicture, defaultLimits, memoryFrameStore } from "@pixelmesh/imaging";
import { Blob, ImageFormat, WorkItem } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { BlobClient } from "../storage/blob-client.ts";
import type { ExecutionResult } from "./execution.ts";
import { storeOutcome } from "./store-result.ts";

/** 17 MB of pixels: above the size from which a PNG is stored while it is encoded. */
const frame = createFrame(2_400, 2_400, 3);
let seed = 1;
for (let at = 0; at < frame.data.length; at++) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  frame.data[at] = seed >> 24;
}

function store(put: BlobClient["put"], isRepeated = false) {
  const executed = { outcome: { frame }, runMs: 40, slotWaitMs: 0 } as unknown as ExecutionResult;
  const outputs = [{ name: "result", encoding: { format: ImageFormat.PNG } }];
  const item = WorkItem.fromPartial({ jobId: "j", stepId: "s", outputs });
  const blobs = { put, find: async () => undefined } as Partial<BlobClient> as BlobClient;
  return storeOutcome({ base: { worker: "w" } as never, blobs }, item, executed, [], {
    limits: defaultLimits,
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    isRepeated,
    retryUntil: () => (act) => act(),
  });
}

test("a large PNG is stored while it is encoded, and has the pixels of the result", async () => {
  let stored = Buffer.alloc(0);
  let isWhole = false;
  let wasWholeAtFirst = true;
  await store(async (content) => {
    expect(content.sizeBytes).toBeUndefined();
    if (content.sizeBytes === undefined) void content.whole().then(() => (isWhole = true));
    for await (const part of content.parts()) {
      if (stored.length === 0) wasWholeAtFirst = isWhole;
      stored = Buffer.concat([stored, part]);
    }
    return Blob.fromPartial({ sha256: "aa" });
  });
  expect(wasWholeAtFirst).toBe(false);
  const decoded = await decodePicture(stored, defaultLimits);
  expect(Buffer.compare(decoded.frame.data, frame.data)).toBe(0);
});

test("a failed store ends when the pixels are no longer read", async () => {
  let isWhole = false;
  const storing = store(async (content) => {
    if (content.sizeBytes === undefined) void content.whole().then(() => (isWhole = true));
    throw new AppError("DIGEST_MISMATCH", "wrong bytes");
  });
  await expect(storing).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  expect(isWhole).toBe(true);
});

test("the result of a step that ran before is whole, so that storage can be asked for its digest", async () => {
  let sizeBytes: number | undefined;
  await store(async (content) => {
    sizeBytes = content.sizeBytes;
    return Blob.fromPartial({ sha256: "aa" });
  }, true);
  expect(sizeBytes).toBeGreaterThan(1_000_000);
});
