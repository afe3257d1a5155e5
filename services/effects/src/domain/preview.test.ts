import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePreviewSide, previewSize } from "./preview.ts";

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

test("the side is 300 by default, and 16 to 1024", () => {
  expect(parsePreviewSide(0)).toBe(300);
  expect(parsePreviewSide(1024)).toBe(1024);
  for (const wrong of [15, 1025, 20.5, -1, Number.NaN]) expect(() => parsePreviewSide(wrong)).toThrow("`max_side_px`");
});
