import { expect, test } from "vitest";
import { type Channels, createFrame } from "../frames/frame.ts";
import { blurFrame } from "./blur.ts";
import { resizeFrame } from "./resize.ts";

const shapes: readonly Channels[] = [1, 2, 3, 4];

test("the number of channels is kept, and the size is exact", async () => {
  for (const channels of shapes) {
    const frame = createFrame(40, 30, channels, new Uint8Array(40 * 30 * channels).fill(200));
    const small = await resizeFrame(frame, 17, 11);
    expect([small.widthPx, small.heightPx, small.channels]).toEqual([17, 11, channels]);
    expect(Math.max(...small.data.map((value) => Math.abs(value - 200)))).toBeLessThanOrEqual(2);
    const blurred = await blurFrame(frame, 2);
    expect([blurred.widthPx, blurred.heightPx, blurred.channels]).toEqual([40, 30, channels]);
  }
});

test("nearest doubles each pixel exactly", async () => {
  const frame = createFrame(2, 1, 3, Uint8Array.of(10, 20, 30, 200, 100, 50));
  const doubled = await resizeFrame(frame, 4, 2, "nearest");
  const row = [10, 20, 30, 10, 20, 30, 200, 100, 50, 200, 100, 50];
  expect([...doubled.data]).toEqual([...row, ...row]);
});

test("colour under transparent pixels does not bleed into visible edges", async () => {
  // Opaque red on the left, fully transparent green on the right.
  const frame = createFrame(64, 64, 4);
  for (let pixel = 0; pixel < 64 * 64; pixel++) {
    frame.data.set(pixel % 64 < 31 ? [255, 0, 0, 255] : [0, 255, 0, 0], pixel * 4);
  }
  for (const result of [
    await resizeFrame(frame, 20, 20),
    await resizeFrame(frame, 150, 150),
    await blurFrame(frame, 3),
  ]) {
    for (let at = 0; at < result.data.length; at += 4) {
      if (result.data[at + 3]! > 0) expect(result.data[at + 1]).toBeLessThanOrEqual(2);
    }
  }
});

test("shrinking averages: fine stripes become grey instead of moire", async () => {
  const frame = createFrame(256, 8, 1);
  for (let at = 0; at < frame.data.length; at++) frame.data[at] = at % 2 === 0 ? 0 : 255;
  const small = await resizeFrame(frame, 32, 8);
  const inner = [...small.data].filter((_, at) => at % 32 > 1 && at % 32 < 30);
  expect(Math.min(...inner)).toBeGreaterThan(120);
  expect(Math.max(...inner)).toBeLessThan(135);
});

test("a Gaussian blur of a step follows the normal distribution within 2 %", async () => {
  const frame = createFrame(101, 9, 1);
  for (let at = 0; at < frame.data.length; at++) frame.data[at] = at % 101 <= 50 ? 0 : 255;
  const blurred = await blurFrame(frame, 5);
  // The cumulative normal distribution from its table, at pixels 51 to 61: z = (x - 50.5) / 5.
  const table = [0.5398, 0.6179, 0.6915, 0.758, 0.8159, 0.8643, 0.9032, 0.9332, 0.9554, 0.9713, 0.9821];
  for (const [index, share] of table.entries()) {
    expect(Math.abs(blurred.data[4 * 101 + 51 + index]! / 255 - share)).toBeLessThan(0.02);
  }
});

test("a resize or blur without effect returns the frame itself, and a sigma out of range is refused with its field", async () => {
  const frame = createFrame(4, 4, 3);
  expect(await resizeFrame(frame, 4, 4)).toBe(frame);
  expect(await blurFrame(frame, 0)).toBe(frame);
  await expect(blurFrame(frame, -1)).rejects.toThrow("Expected `sigma_px` to be a number from 0 to 1000, got `-1`");
  await expect(blurFrame(frame, Number.NaN)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test.each([0.5, 1, 2, 5, 20])("a blur of sigma %f does not change a flat picture", async (sigma) => {
  const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => [40, 120, 90][at % 3] as number);
  expect((await blurFrame(createFrame(40, 30, 3, data), sigma)).data).toEqual(data);
});
