import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { type Content, createFrame, defaultLimits, memoryFrameStore } from "@pixelmesh/imaging";
import { Blob, type Encoding, ImageFormat, WorkItem } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { BlobClient } from "../storage/blob-client.ts";
import type { ExecutionResult } from "./execution.ts";
import { storeOutcome } from "./store-result.ts";

const formats = [ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.PNG];

const digestOf = async (content: Pick<Content, "parts">) => {
  const sum = createHash("sha256");
  for await (const part of content.parts()) sum.update(part);
  return sum.digest("hex");
};

/** A picture of noise, so that no format makes it small. */
function noise(sidePx: number) {
  const frame = createFrame(sidePx, sidePx, 3);
  let seed = 1;
  for (let at = 0; at < frame.data.length; at++) {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    frame.data[at] = seed >> 16;
  }
  return frame;
}

/** A storage port: puts wait for `gate` and then do what `onPut` says. */
function openStorage(onPut: (at: number) => Promise<void> | void = () => {}) {
  const stored = new Map<string, Blob>();
  const counts = { puts: 0, open: 0, most: 0, found: 0 };
  const savedMs: (number | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  const blobs: Pick<BlobClient, "find" | "put"> = {
    async find(sha256) {
      const blob = stored.get(sha256);
      if (blob) counts.found += 1;
      return blob;
    },
    async put(content, mediaType, retention, signal) {
      const at = counts.puts++;
      counts.open += 1;
      counts.most = Math.max(counts.most, counts.open);
      savedMs.push(retention.savedMs);
      try {
        const ended = Promise.withResolvers<never>();
        signal?.addEventListener("abort", () => ended.reject(signal.reason));
        await Promise.race([gate.promise, ended.promise]);
        await Promise.race([onPut(at), ended.promise]);
        const sizeBytes = content.sizeBytes ?? 0;
        const blob = Blob.fromPartial({ sha256: await digestOf(content), sizeBytes, mediaType });
        stored.set(blob.sha256, blob);
        return blob;
      } finally {
        counts.open -= 1;
      }
    },
  };
  return { blobs: blobs as BlobClient, stored, counts, savedMs, open: gate.resolve };
}

function store(blobs: BlobClient, options: { sidePx?: number; storeFrame?: boolean; isRepeated?: boolean } = {}) {
  const { sidePx = 64, storeFrame = true, isRepeated = false } = options;
  const executed = { outcome: { frame: noise(sidePx) }, runMs: 40, slotWaitMs: 0 } as unknown as ExecutionResult;
  const outputs = formats.map((format, at) => ({
    name: `${at}`,
    encoding: { format, quality: 90 - at } as unknown as Encoding,
  }));
  const item = WorkItem.fromPartial({ jobId: "j", stepId: "s", outputs, storeFrame });
  const base = { worker: "w" } as never;
  return storeOutcome({ base, blobs }, item, executed, [], {
    limits: defaultLimits,
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    isRepeated,
    retryUntil: () => (act) => act(),
  });
}

test("outputs are stored side by side, at most four and the frame, and named in their order", async () => {
  const storage = openStorage();
  const storing = store(storage.blobs);
  // The fifth output waits for a place.
  await expect.poll(() => storage.counts.open).toBe(5);
  expect(storage.counts.puts).toBe(5);
  storage.open();
  const { outputs, frame } = await storing;
  expect(storage.counts).toMatchObject({ puts: 6, most: 5, open: 0 });
  expect(outputs.map(({ format }) => format)).toEqual(formats);
  expect(outputs.map(({ blob }) => blob?.mediaType)).toEqual([
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/avif",
    "image/png",
  ]);
  expect(frame?.mediaType).toBe("application/x-pixelmesh-frame");
  for (const ms of storage.savedMs) expect(ms).toBeGreaterThanOrEqual(40);
});

test("the first failure ends the other stores, and is thrown once none runs", async () => {
  const storage = openStorage((at) => {
    if (at === 2) throw new AppError("DIGEST_MISMATCH", "wrong bytes");
    // The others would never end.
    return new Promise(() => {});
  });
  const storing = store(storage.blobs);
  storage.open();
  await expect(storing).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  expect(storage.counts.open).toBe(0);
});

test("bytes that storage has are not sent again; those of a frame are asked for only if the step ran before", async () => {
  const storage = openStorage();
  storage.open();
  const first = await store(storage.blobs, { sidePx: 512 });
  const sent = storage.counts.puts;
  const sizes = [...storage.stored.values()].map(({ sizeBytes }) => sizeBytes);
  const large = first.outputs.filter(({ blob }) => (blob?.sizeBytes ?? 0) >= 256 * 1024);
  expect(large.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeGreaterThan(512 * 512 * 3);

  expect(await store(storage.blobs, { sidePx: 512 })).toMatchObject({ outputs: first.outputs, frame: first.frame });
  // The frame is sent again, and what is below 256 KiB.
  expect(storage.counts.puts - sent).toBe(formats.length - large.length + 1);

  const before = storage.counts.puts;
  expect(await store(storage.blobs, { sidePx: 512, isRepeated: true })).toMatchObject({ frame: first.frame });
  expect(storage.counts.puts - before).toBe(formats.length - large.length);
});
