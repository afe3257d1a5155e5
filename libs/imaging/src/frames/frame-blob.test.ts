import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Channels, createFrame, type Frame } from "./frame.ts";
import { readFrameBlob, toFrameBlob } from "./frame-blob.ts";
import { createFrameStore, type FrameStore, memoryFrameStore } from "./frame-store.ts";
import { isFrameFile } from "./raster.ts";
import { toWholeFrame } from "./raster-rows.ts";

let dir: string;
let disk: FrameStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "blobs-"));
  disk = createFrameStore(async () => dir, 0);
});
afterAll(() => rm(dir, { recursive: true }));

const frames: fc.Arbitrary<Frame> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom<Channels[]>(1, 2, 3, 4))
  .chain(([widthPx, heightPx, channels]) => {
    const length = widthPx * heightPx * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => createFrame(widthPx, heightPx, channels, data));
  });

const collect = async (parts: AsyncIterable<Uint8Array>) => new Uint8Array(Buffer.concat(await Array.fromAsync(parts)));

/** Yields bytes in pieces, as a network does. */
async function* cut(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

test("a picture survives its blob unchanged, in memory and in files, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }), async (frame, sizes) => {
      const content = await toFrameBlob(frame);
      const bytes = await collect(content.parts());
      expect(bytes).toHaveLength(content.sizeBytes);
      expect(await readFrameBlob(cut(bytes, sizes), bytes.length, memoryFrameStore)).toEqual(frame);

      const file = await readFrameBlob(cut(bytes, sizes), bytes.length, disk);
      expect(isFrameFile(file)).toBe(true);
      expect(await toWholeFrame(file)).toEqual(frame);
      const again = await toFrameBlob(file);
      expect(await collect(again.parts())).toEqual(bytes);
      expect(again.sizeBytes).toBe(bytes.length);
    }),
    { numRuns: 40 },
  );
});

test("a blob that is cut, extended or changed in its header is refused as malformed", async () => {
  const { parts } = await toFrameBlob(createFrame(4, 3, 3));
  const bytes = await collect(parts());
  const read = (data: Uint8Array, frameStore = memoryFrameStore) =>
    readFrameBlob(cut(data, []), data.length, frameStore);
  await expect(read(bytes.subarray(0, 20))).rejects.toThrow("at least 32 bytes");
  for (const frameStore of [memoryFrameStore, disk]) {
    await expect(read(bytes.subarray(0, -1), frameStore)).rejects.toThrow("36 bytes of pixels for 4x3x3, got 35");
    await expect(read(new Uint8Array([...bytes, 0]), frameStore)).rejects.toThrow("got 37");
    // A stream shorter than announced.
    await expect(readFrameBlob(cut(bytes.subarray(0, -1), []), bytes.length, frameStore)).rejects.toThrow("got 35");
    await expect(readFrameBlob(cut(new Uint8Array([...bytes, 0]), []), bytes.length, frameStore)).rejects.toThrow(
      "got more",
    );
  }
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = bytes.slice();
      changed[at]! ^= flip;
      try {
        // Swapped sides give a frame of as many pixels; nothing else may be accepted.
        const { widthPx, heightPx, channels } = await read(changed);
        expect(widthPx * heightPx * channels).toBe(36);
      } catch (error) {
        expect((error as AppError).reason).toBe("MALFORMED_MESSAGE");
      }
    }),
  );
});
