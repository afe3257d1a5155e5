import { expect, test } from "vitest";
import { areaUnderCurve } from "./rate.ts";

const rated = (...pairs: [iou: number, confidence: number][]) =>
  pairs.map(([iou, confidence]) => ({ iou, confidence }));

test("the area is the share of pairs in the right order", () => {
  expect(areaUnderCurve(rated([0.1, 0.2], [0.9, 0.8]))).toBe(1);
  expect(areaUnderCurve(rated([0.1, 0.8], [0.9, 0.2]))).toBe(0);
  expect(areaUnderCurve(rated([0.1, 0.5], [0.9, 0.5]))).toBe(0.5);
  // Of two bad and three good ones, four and a half of six pairs are in order.
  expect(areaUnderCurve(rated([0.2, 0.3], [0.3, 0.6], [0.7, 0.3], [0.8, 0.7], [0.9, 0.9]))).toBe(4.5 / 6);
  expect(areaUnderCurve(rated([0.9, 0.5]))).toBeNaN();
});
