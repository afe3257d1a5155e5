import fc from "fast-check";
import { expect, test } from "vitest";
import { fromOklab, toOklab } from "./oklab.ts";

test("primaries have their published OKLab values", () => {
  // CSS Color 4's sample conversions list these for the sRGB primaries.
  const published = [
    [
      [1, 1, 1],
      [1, 0, 0],
    ],
    [
      [1, 0, 0],
      [0.62796, 0.22486, 0.12585],
    ],
    [
      [0, 1, 0],
      [0.86644, -0.23389, 0.1795],
    ],
    [
      [0, 0, 1],
      [0.45201, -0.03246, -0.31153],
    ],
  ] as const;
  for (const [rgb, lab] of published) {
    toOklab(rgb).forEach((value, i) => {
      expect(value).toBeCloseTo(lab[i] as number, 4);
    });
  }
});

test("a colour survives the conversion to OKLab and back", () => {
  const sample = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(sample, sample, sample), (rgb) => {
      fromOklab(toOklab(rgb)).forEach((value, c) => {
        expect(value).toBeCloseTo(rgb[c] as number, 4);
      });
    }),
  );
});
