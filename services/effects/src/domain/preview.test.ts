import { PreviewMode } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePreviewSide, previewFactor, previewSize } from "./preview.ts";

test("a preview fits its square, is never larger than the picture and keeps its shape within a pixel", () => {
  const side = fc.integer({ min: 1, max: 16_384 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 16, max: 1024 }), (width, height, maxSide) => {
      const { widthPx, heightPx } = previewSize(width, height, maxSide);
      expect(Math.max(widthPx, heightPx)).toBe(Math.min(maxSide, Math.max(width, height)));
      expect(Math.min(widthPx, heightPx)).toBeGreaterThanOrEqual(1);
      const longer = Math.max(width, height);
      const exact = (Math.min(width, height) * Math.min(maxSide, longer)) / longer;
      expect(Math.abs(Math.min(widthPx, heightPx) - exact)).toBeLessThanOrEqual(exact < 1 ? 1 : 0.5);
    }),
  );
});

test("the side is 300 by default, else that of the mode or 16 to 1024", () => {
  expect(parsePreviewSide(0)).toBe(300);
  expect(parsePreviewSide(0, PreviewMode.FAST)).toBe(300);
  expect(parsePreviewSide(0, PreviewMode.BALANCED)).toBe(500);
  expect(parsePreviewSide(0, PreviewMode.HIGH)).toBe(800);
  expect(parsePreviewSide(1024)).toBe(1024);
  for (const wrong of [15, 1025, 20.5, -1, Number.NaN]) expect(() => parsePreviewSide(wrong)).toThrow("`max_side_px`");
});

test("a side together with a mode is refused, and so is an unknown mode", () => {
  const { FAST, HIGH } = PreviewMode;
  for (const mode of [FAST, HIGH]) expect(() => parsePreviewSide(300, mode)).toThrow("`max_side_px`");
  for (const mode of [4, -1]) expect(() => parsePreviewSide(0, mode as PreviewMode)).toThrow("`mode`");
});

test("the factor of a preview is the ratio of the longer sides", () => {
  expect(previewFactor({ widthPx: 300, heightPx: 169 }, { widthPx: 3_840, heightPx: 2_160 })).toBe(300 / 3_840);
  expect(previewFactor({ widthPx: 1, heightPx: 1 }, { widthPx: 1, heightPx: 1 })).toBe(1);
});
