import { createFrame, type Frame } from "@pixelmesh/imaging";
import { drawTestFrame } from "@pixelmesh/testing";
import { describe, expect, test } from "vitest";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";
import { findSet5, loadSet5 } from "./set5.ts";
import { compareUpscaled } from "./upscale-quality.ts";

const line = (...samples: number[]) => createFrame(samples.length, 1, 1, Uint8Array.from(samples));

test("reducing by two weighs eight samples like the kernel computed by hand", () => {
  // h(1.75), h(1.25), h(0.75), h(0.25) of the cubic with a = -0.5, halved because it is twice as wide.
  const half = [-0.01171875, -0.03515625, 0.11328125, 0.43359375];
  const kernel = [...half, ...half.toReversed()];
  const samples = [200, 10, 60, 90, 250, 30, 120, 180];
  const byHand = samples.reduce((sum, sample, i) => sum + sample * kernel[i]!, 0);
  expect(byHand).toBe(148.59375);
  // Around the middle of twelve: new sample 2 lies between samples 4 and 5 and reaches from 1 to 8.
  expect(resizeLikeMatlab(line(9, ...samples, 9, 9, 9), 0.5).data[2]).toBe(Math.round(byHand));
});

test("enlarging by two weighs four samples like the kernel computed by hand", () => {
  // A new sample a quarter before an old one: h(1.75), h(0.75), h(0.25), h(1.25).
  const byHand = -0.0234375 * 80 + 0.2265625 * 160 + 0.8671875 * 40 - 0.0703125 * 220;
  expect(resizeLikeMatlab(line(80, 160, 40, 220, 10), 2).data[4]).toBe(Math.round(byHand));
});

test("borders are mirrored: a picture beside its mirror image is reduced to the same samples", () => {
  const frame = drawTestFrame(48, 36);
  const doubled = createFrame(96, 36, 3);
  for (let y = 0; y < 36; y++)
    for (let x = 0; x < 96; x++)
      for (let c = 0; c < 3; c++)
        doubled.data[(y * 96 + x) * 3 + c] = frame.data[(y * 48 + (x < 48 ? x : 95 - x)) * 3 + c]!;
  const alone = resizeLikeMatlab(frame, 1 / 4);
  const beside = resizeLikeMatlab(doubled, 1 / 4);
  for (let y = 0; y < alone.heightPx; y++) {
    const row = ({ widthPx, data }: Frame) => [...data.subarray(y * widthPx * 3, y * widthPx * 3 + 36)];
    expect(row(alone)).toEqual(row(beside));
  }
});

test("a flat picture stays flat, a ramp stays a ramp, a scale of one changes nothing, and sides are rounded up", () => {
  expect(new Set(resizeLikeMatlab(createFrame(13, 9, 1, new Uint8Array(117).fill(77)), 1 / 3).data)).toEqual(
    new Set([77]),
  );
  const ramp = createFrame(
    64,
    1,
    1,
    Uint8Array.from({ length: 64 }, (_, x) => 2 * x),
  );
  // New sample x of a quarter lies at 4x + 1.5 of the old ones.
  const inside = [...resizeLikeMatlab(ramp, 1 / 4).data].slice(2, 14);
  expect(inside).toEqual(Array.from({ length: 12 }, (_, x) => 2 * (4 * (x + 2) + 1.5)));
  const frame = drawTestFrame(20, 30);
  expect(resizeLikeMatlab(frame, 1)).toEqual(frame);
  expect(resizeLikeMatlab(createFrame(13, 9, 3), 1 / 4)).toMatchObject({ widthPx: 4, heightPx: 3, channels: 3 });
  expect(() => resizeLikeMatlab(frame, 0)).toThrow("Expected a scale above 0");
});

describe.runIf(findSet5())("Set5, shrunk and enlarged again", () => {
  // Published with MATLAB's resize: Dong et al. (SRCNN) 33.66, 30.39, 28.42; Lai et al. (LapSRN) 33.69, 30.41, 28.43.
  test.each([
    [2, 33.66, 33.69],
    [3, 30.39, 30.41],
    [4, 28.42, 28.43],
  ])("has the published PSNR of bicubic at x%d", async (scale, low, high) => {
    const set = await loadSet5(scale);
    const psnrs = set.map(
      ({ original, small }) => compareUpscaled(resizeLikeMatlab(small, scale), original, scale).psnrDb,
    );
    const mean = psnrs.reduce((sum, psnrDb) => sum + psnrDb, 0) / psnrs.length;
    expect(psnrs).toHaveLength(5);
    expect(mean).toBeGreaterThan(low - 0.02);
    expect(mean).toBeLessThan(high + 0.02);
  });
});
