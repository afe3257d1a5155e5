import { createFrame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { compareMatte, toAlpha } from "./index.ts";

const mask = createFrame(6, 1, 1, Uint8Array.from([255, 255, 255, 0, 0, 128]));

test("overlap and error are counted where the mask is certain; alpha of 0.5 and above is object", () => {
  // Object: found, found, missed. Background: wrongly object, correct. The last pixel is not counted.
  const { iou, meanError } = compareMatte(Float32Array.of(1, 0.5, 0.25, 0.75, 0, 1), mask);
  expect(iou).toBe(2 / 4);
  expect(meanError).toBeCloseTo((0 + 0.5 + 0.75 + 0.75 + 0) / 5, 9);
  expect(compareMatte(Float32Array.of(1, 1, 1, 0, 0, 0), mask)).toEqual({ iou: 1, meanError: 0 });
  expect(compareMatte(Float32Array.of(0, 0, 0, 1, 1, 0), mask)).toEqual({ iou: 0, meanError: 1 });
});

test("alpha of another size, or a mask without an object, is refused", () => {
  expect(() => compareMatte(new Float32Array(5), mask)).toThrow("Expected 6 values of alpha, got 5");
  expect(() => compareMatte(new Float32Array(4), createFrame(4, 1, 1))).toThrow("a mask with an object");
});

test("alpha is the last sample of a pixel, or 1 for frames without alpha", () => {
  expect([...toAlpha(createFrame(2, 1, 4, Uint8Array.of(9, 9, 9, 255, 9, 9, 9, 51)))]).toEqual([1, Math.fround(0.2)]);
  expect([...toAlpha(createFrame(2, 1, 3))]).toEqual([1, 1]);
});
