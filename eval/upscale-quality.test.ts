import { createFrame } from "@pixelmesh/imaging";
import { drawTestFrame } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { toMatlabLuma } from "./luma.ts";
import { compareUpscaled } from "./upscale-quality.ts";

test("Y of black, red, green, blue and white is what rgb2ycbcr documents", () => {
  const colors = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
  const { data } = toMatlabLuma(createFrame(5, 1, 3, Uint8Array.from(colors)));
  expect([...data].map((y) => Number(y.toFixed(3)))).toEqual([16, 81.481, 144.553, 40.966, 235]);
  expect([...toMatlabLuma(createFrame(2, 1, 1, Uint8Array.from([0, 255]))).data]).toEqual([16, 235]);
});

test("a difference of d in all three channels is 20 log10(255 / (d 219/255)) dB, and the border does not count", () => {
  const a = createFrame(20, 20, 3);
  const b = createFrame(20, 20, 3);
  b.data.fill(10);
  // Wildly wrong, but only in the outermost four pixels.
  for (let i = 0; i < b.data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 20, Math.floor(i / 60)];
    if (Math.min(x, y, 19 - x, 19 - y) < 4) b.data[i] = 255;
  }
  expect(compareUpscaled(a, b, 4).psnrDb).toBeCloseTo(20 * Math.log10(255 / ((10 * 219) / 255)), 9);
  expect(compareUpscaled(a, b, 3).psnrDb).toBeLessThan(12);
});

test("equal pictures have infinite PSNR, and different sides are refused", () => {
  const frame = drawTestFrame(24, 20);
  expect(compareUpscaled(frame, frame, 2)).toEqual({ psnrDb: Number.POSITIVE_INFINITY, ssim: 1 });
  expect(() => compareUpscaled(frame, drawTestFrame(24, 22), 2)).toThrow("24x22, got 24x20");
  expect(() => compareUpscaled(frame, frame, 10)).toThrow("above 20 px");
});
