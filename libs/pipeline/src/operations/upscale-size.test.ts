import { UpscaleOperation } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertEnlarges, nearestScale, upscaledSize, upscaleFactor } from "./upscale-size.ts";

const operation = (fields: Parameters<typeof UpscaleOperation.fromPartial>[0]) => UpscaleOperation.fromPartial(fields);
const sides = fc.integer({ min: 1, max: 5_000 });
const sizes = fc.record({ widthPx: sides, heightPx: sides });

describe("an upscale to a target size", () => {
  test("is the largest size of the picture's shape inside the box, and fills it along one side", () => {
    fc.assert(
      fc.property(sizes, sizes, (input, target) => {
        const size = upscaledSize(operation({ target }), input, 4);
        const exactWidth = size.widthPx === target.widthPx;
        const exactHeight = size.heightPx === target.heightPx;
        expect(exactWidth || exactHeight).toBe(true);
        expect(size.widthPx).toBeLessThanOrEqual(target.widthPx);
        expect(size.heightPx).toBeLessThanOrEqual(target.heightPx);
        // The other side is no further from the exact shape than rounding makes it; rounding may make both exact.
        const byWidth = Math.abs(size.heightPx - (input.heightPx * target.widthPx) / input.widthPx);
        const byHeight = Math.abs(size.widthPx - (input.widthPx * target.heightPx) / input.heightPx);
        const off = Math.min(exactWidth ? byWidth : byHeight, exactHeight ? byHeight : byWidth);
        expect(off).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
    );
  });

  test("takes the missing side from the shape", () => {
    const input = { widthPx: 500, heightPx: 333 };
    expect(upscaledSize(operation({ target: { widthPx: 1250 } }), input, 4)).toEqual({ widthPx: 1250, heightPx: 833 });
    expect(upscaledSize(operation({ target: { heightPx: 999 } }), input, 4)).toEqual({ widthPx: 1500, heightPx: 999 });
  });

  test("must be larger than the picture", () => {
    const input = { widthPx: 500, heightPx: 400 };
    const refuse = (target: { widthPx?: number; heightPx?: number }) => () =>
      assertEnlarges(operation({ target }), input, "up");
    expect(refuse({ widthPx: 500 })).toThrow(
      "Expected `up.target.width_px` to be larger than the picture of 500x400, got `500`",
    );
    expect(refuse({ widthPx: 900, heightPx: 400 })).toThrow("larger than the picture");
    expect(refuse({ heightPx: 401 })).not.toThrow();
    expect(() => assertEnlarges(operation({ scale: 2 }), input, "up")).not.toThrow();
  });
});

test("without a target the scale counts, or the model's own", () => {
  const input = { widthPx: 7, heightPx: 5 };
  expect(upscaledSize(operation({ scale: 3 }), input, 4)).toEqual({ widthPx: 21, heightPx: 15 });
  expect(upscaledSize(operation({}), input, 4)).toEqual({ widthPx: 28, heightPx: 20 });
  expect(upscaleFactor(operation({ scale: 3 }), input)).toBe(3);
  expect(upscaleFactor(operation({}), input)).toBeUndefined();
});

test("the nearest scale is the one with the smallest ratio", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1 }),
      fc.double({ min: 0.5, max: 40, noNaN: true }),
      (scales, factor) => {
        const off = (scale: number) => Math.max(scale / factor, factor / scale);
        const chosen = nearestScale(scales, factor) ?? 0;
        expect(off(chosen)).toBeCloseTo(Math.min(...scales.map(off)), 9);
      },
    ),
  );
  expect(nearestScale([], 2)).toBeUndefined();
});
