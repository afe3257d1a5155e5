import { createHash } from "node:crypto";
import { contentOf } from "@pixelmesh/imaging";
import { BlobKind } from "@pixelmesh/proto";
import type { BlobClient } from "@pixelmesh/worker";
import { expect, test } from "vitest";
import { rememberUploads } from "./recent-uploads.ts";

const retention = { kind: BlobKind.INPUT, jobId: "job", keepUntilUnixMs: 0 } as const;
const bytes = () => Uint8Array.from({ length: 70_000 }, (_, at) => at & 255);

/** Storage in memory, which counts its reads. */
function openStorage(fails = false) {
  const stored = new Map<string, Uint8Array>();
  let reads = 0;
  const blobs = {
    async put(content, mediaType) {
      if (fails) throw new Error("no space");
      const parts = await Array.fromAsync(content.parts());
      const whole = Uint8Array.from(Buffer.concat(parts));
      const sha256 = createHash("sha256").update(whole).digest("hex");
      stored.set(sha256, whole);
      return { sha256, sizeBytes: whole.length, mediaType };
    },
    async get({ sha256 }) {
      reads += 1;
      return stored.get(sha256) as Uint8Array;
    },
  } as Partial<BlobClient> as BlobClient;
  return { ...rememberUploads(blobs), reads: () => reads };
}

test("a step takes the uploaded bytes once, later ones read storage", async () => {
  const storage = openStorage();
  const upload = bytes();
  const blob = await storage.uploading.put(contentOf(upload), "image/jpeg", retention);
  expect(await storage.reading.get(blob, 1e6)).toBe(upload);
  expect(storage.reads()).toBe(0);
  expect(await storage.reading.get(blob, 1e6)).toEqual(upload);
  expect(storage.reads()).toBe(1);
});

test("bytes that were freed, are too many or come in parts are read from storage", async () => {
  const storage = openStorage();
  const freed = bytes();
  const blob = await storage.uploading.put(contentOf(freed), "image/jpeg", retention);
  freed.buffer.transfer(0);
  expect(await storage.reading.get(blob, 1e6)).toEqual(bytes());
  const again = await storage.uploading.put(contentOf(bytes()), "image/jpeg", retention);
  await storage.reading.get(again, 10);
  const [head, tail] = [bytes().subarray(0, 9), bytes().subarray(9)];
  const parts = await storage.uploading.put(contentOf(head, tail), "image/jpeg", retention);
  expect(await storage.reading.get(parts, 1e6)).toEqual(bytes());
  expect(storage.reads()).toBe(3);
});

test("bytes that are not stored are not remembered", async () => {
  const storage = openStorage(true);
  await expect(storage.uploading.put(contentOf(bytes()), "image/jpeg", retention)).rejects.toThrow("no space");
  const sha256 = createHash("sha256").update(bytes()).digest("hex");
  await storage.reading.get({ sha256, sizeBytes: 70_000 }, 1e6);
  expect(storage.reads()).toBe(1);
});
