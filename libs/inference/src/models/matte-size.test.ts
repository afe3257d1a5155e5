import fc from "fast-check";
import { expect, test } from "vitest";
import { matteInputSize } from "./matte-size.ts";

type Model = Parameters<typeof matteInputSize>[0];
const modelOf = (sizeMultiple: number, openSizePx: object | null, fixedSizePx: object | null = null) =>
  ({ input: { fixedSizePx, openSizePx }, sizeMultiple }) as unknown as Model;

const mostPixels = 1024 * 1024;
const modnet = modelOf(32, { shorterSidePx: 512, leastSidePx: 32, mostPixels });
const own = modelOf(32, { shorterSidePx: null, leastSidePx: 256, mostPixels });
const sizeOf = (model: Model, widthPx: number, heightPx: number) => {
  const size = matteInputSize(model, { widthPx, heightPx });
  return [size.widthPx, size.heightPx];
};

test("a fixed size is that of every picture", () => {
  const fixed = modelOf(1, null, { widthPx: 320, heightPx: 320 });
  expect(sizeOf(fixed, 4000, 30)).toEqual([320, 320]);
});

// By hand, after onnx/inference_onnx.py of MODNet: with sides on both sides of 512 the picture stays; else its shorter side becomes 512; then multiples of 32.
test.each([
  [1000, 1000, [512, 512]],
  [1920, 1080, [896, 512]],
  [1080, 1920, [512, 896]],
  [300, 200, [768, 512]],
  [800, 500, [800, 480]],
  [512, 512, [512, 512]],
  [513, 511, [512, 480]],
])("MODNet gets %i×%i as published", (width, height, wanted) => {
  expect(sizeOf(modnet, width, height)).toEqual(wanted);
});

test("a model of any size gets the picture's own, in multiples, within its bounds", () => {
  expect(sizeOf(own, 1000, 700)).toEqual([992, 672]);
  expect(sizeOf(own, 90, 60)).toEqual([256, 256]);
  expect(sizeOf(own, 4000, 3000)).toEqual([1152, 864]);
});

test("sides are multiples, never below the least, and together never above the most pixels", () => {
  const side = fc.integer({ min: 1, max: 16_384 });
  fc.assert(
    fc.property(fc.constantFrom([modnet, 32] as const, [own, 256] as const), side, side, ([model, least], w, h) => {
      const [width = 0, height = 0] = sizeOf(model, w, h);
      expect([width % 32, height % 32]).toEqual([0, 0]);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(least);
      expect(width * height).toBeLessThanOrEqual(mostPixels);
    }),
  );
});
