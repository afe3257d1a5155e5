import sharp from "sharp";
import { expect, test } from "vitest";
import { createFrame, type Frame } from "../../frames/frame.ts";
import { encodeIndexedPng } from "./encode-indexed-png.ts";

/** Returns a picture of so many colours in a pattern without order. */
function pattern(widthPx: number, heightPx: number, colors: number): Frame {
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let pixel = 0; pixel < widthPx * heightPx; pixel++) {
    const color = Math.imul(((pixel * 7_919) % colors) + 1, 40_503);
    data.set([color, color >> 8, color >> 16], pixel * 3);
  }
  return createFrame(widthPx, heightPx, 3, data);
}

test.each([1, 2, 17, 256])("libpng reads a picture of %i colours as it was", async (colors) => {
  for (const [width, height] of [
    [1, 1],
    [37, 19],
    [300, 200],
  ] as const) {
    const frame = pattern(width, height, colors);
    const bytes = await encodeIndexedPng(frame);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([width, height, 3]);
    expect(Buffer.compare(data, frame.data)).toBe(0);
  }
});

test("a picture of more colours, of grey or with alpha is left to others", async () => {
  expect(await encodeIndexedPng(pattern(300, 200, 257))).toBeUndefined();
  for (const channels of [1, 2, 4] as const)
    expect(await encodeIndexedPng(createFrame(4, 4, channels))).toBeUndefined();
});
