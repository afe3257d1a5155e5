import sharp from "sharp";
import { expect, test } from "vitest";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { contentOf } from "../frames/content.ts";
import { memoryFrameStore } from "../frames/frame-store.ts";
import { isFrameFile } from "../frames/raster.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import { decodeDamagedJpeg } from "./decode-damaged.ts";

const shape = { widthPx: 96, heightPx: 64, channels: 3 } as const;

/** A JPEG of noise. */
async function createJpeg(): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) => (i * 5) % 251);
  return sharp(pixels, { raw: { width: 96, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer();
}

test("an intact file decodes as libjpeg decodes it", async () => {
  const jpeg = await createJpeg();
  const { data } = await toWholeFrame(await decodeDamagedJpeg(contentOf(jpeg), shape, memoryFrameStore));
  expect(Buffer.compare(data, await sharp(jpeg).raw().toBuffer())).toBe(0);
});

test("a file without the end of its data has its first rows, in memory and in a file", async () => {
  const jpeg = await createJpeg();
  const cut = contentOf(jpeg.subarray(0, jpeg.length * 0.8), Uint8Array.of(0xff, 0xd9));
  const inMemory = await toWholeFrame(await decodeDamagedJpeg(cut, shape, memoryFrameStore));
  const whole = await sharp(jpeg).raw().toBuffer();
  // Far above the end of the data.
  expect(Buffer.compare(inMemory.data.subarray(0, 96 * 8 * 3), whole.subarray(0, 96 * 8 * 3))).toBe(0);
  expect(Buffer.compare(inMemory.data, whole)).not.toBe(0);
  await withFrameStore(0, async (frameStore) => {
    const inFile = await decodeDamagedJpeg(cut, shape, frameStore);
    expect(isFrameFile(inFile)).toBe(true);
    expect(Buffer.compare((await toWholeFrame(inFile)).data, inMemory.data)).toBe(0);
  });
});

test("damaged headers are INTERNAL", async () => {
  const jpeg = await createJpeg();
  jpeg.fill(0, 2, 200);
  await expect(decodeDamagedJpeg(contentOf(jpeg), shape, memoryFrameStore)).rejects.toMatchObject({
    reason: "INTERNAL",
  });
});
