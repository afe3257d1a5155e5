import { createFrame, type Frame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { compareFrames, drawTestFrame, frameSsim } from "./index.ts";

/** Moves every sample by `by`, alternately up and down, within 0 to 255. */
function shifted(frame: Frame, by: number): Frame {
  const data = frame.data.map((value, i) => Math.max(0, Math.min(255, value + (i % 2 === 0 ? by : -by))));
  return { ...frame, data };
}

test("equal frames have no difference", () => {
  const frame = drawTestFrame(32, 24);
  expect(compareFrames(frame, { ...frame, data: frame.data.slice() })).toEqual({
    psnrDb: Number.POSITIVE_INFINITY,
    maxDiff: 0,
    meanDiff: 0,
  });
  expect(frameSsim(frame, frame)).toBe(1);
});

test("a difference of d in every sample is 20 log10(255 / d) dB", () => {
  const [a, b] = [createFrame(8, 8, 3), createFrame(8, 8, 3)];
  b.data.fill(5);
  const { psnrDb, maxDiff, meanDiff } = compareFrames(a, b);
  expect(psnrDb).toBeCloseTo(20 * Math.log10(255 / 5), 10);
  expect([maxDiff, meanDiff]).toEqual([5, 5]);
});

test("frames of different shape are refused", () => {
  expect(() => compareFrames(createFrame(2, 3, 3), createFrame(3, 2, 3))).toThrow("2x3x3 and 3x2x3");
  expect(() => frameSsim(createFrame(10, 20, 1), createFrame(10, 20, 1))).toThrow("at least 11");
});

test("SSIM equals the paper's formula taken literally, window by window", () => {
  const a = drawTestFrame(23, 19);
  const b = shifted(a, 40);
  expect(frameSsim(a, b)).toBeCloseTo(slowSsim(a, b), 9);
  expect(frameSsim(a, b)).toBeLessThan(0.99);
});

test("SSIM of two flat greys is the luminance term alone", () => {
  const [a, b] = [createFrame(11, 11, 1), createFrame(11, 11, 1)];
  a.data.fill(100);
  b.data.fill(120);
  const c1 = 2.55 ** 2;
  expect(frameSsim(a, b)).toBeCloseTo((2 * 100 * 120 + c1) / (100 ** 2 + 120 ** 2 + c1), 9);
});

/** The formula for each window, with an 11×11 table of weights and centred moments. */
function slowSsim(a: Frame, b: Frame): number {
  const luma = ({ data, channels }: Frame, i: number) =>
    0.299 * data[i * channels]! + 0.587 * data[i * channels + 1]! + 0.114 * data[i * channels + 2]!;
  const table: { dx: number; dy: number; weight: number }[] = [];
  for (let dy = 0; dy < 11; dy += 1)
    for (let dx = 0; dx < 11; dx += 1) table.push({ dx, dy, weight: Math.exp(-((dx - 5) ** 2 + (dy - 5) ** 2) / 4.5) });
  const total = table.reduce((sum, { weight }) => sum + weight, 0);
  const all: number[] = [];
  for (let top = 0; top + 11 <= a.heightPx; top += 1) {
    for (let left = 0; left + 11 <= a.widthPx; left += 1) {
      const mean = (of: (i: number) => number) =>
        table.reduce((sum, { dx, dy, weight }) => sum + (weight / total) * of((top + dy) * a.widthPx + left + dx), 0);
      const [ma, mb] = [mean((i) => luma(a, i)), mean((i) => luma(b, i))];
      const va = mean((i) => (luma(a, i) - ma) ** 2);
      const vb = mean((i) => (luma(b, i) - mb) ** 2);
      const cov = mean((i) => (luma(a, i) - ma) * (luma(b, i) - mb));
      const [c1, c2] = [2.55 ** 2, 7.65 ** 2];
      all.push(((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma ** 2 + mb ** 2 + c1) * (va + vb + c2)));
    }
  }
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
