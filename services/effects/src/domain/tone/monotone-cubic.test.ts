import fc from "fast-check";
import { expect, test } from "vitest";
import { monotoneCubic as reference } from "../../../test/reference/monotone-cubic.ts";
import { type CurvePoint, monotoneCubic } from "./monotone-cubic.ts";

const unit = fc.integer({ min: 0, max: 1_000 }).map((value) => value / 1_000);
const curvePoints = fc
  .uniqueArray(fc.tuple(unit, unit), { minLength: 2, maxLength: 16, selector: ([x]) => x })
  .map((points): CurvePoint[] => points.sort(([a], [b]) => a - b));

test("a curve goes through its points and, between two, never leaves their range", () => {
  fc.assert(
    fc.property(curvePoints, unit, (points, share) => {
      const curve = monotoneCubic(points);
      for (const [x, y] of points) expect(curve(x)).toBeCloseTo(y, 10);
      for (let i = 0; i + 1 < points.length; i++) {
        const [[x0, y0], [x1, y1]] = [points[i]!, points[i + 1]!];
        const value = curve(x0 + (x1 - x0) * share);
        expect(value).toBeGreaterThanOrEqual(Math.min(y0, y1) - 1e-9);
        expect(value).toBeLessThanOrEqual(Math.max(y0, y1) + 1e-9);
      }
    }),
  );
});

test("a curve equals the steps of the paper", () => {
  fc.assert(
    fc.property(curvePoints, unit, (points, x) => {
      expect(monotoneCubic(points)(x)).toBeCloseTo(reference(points)(x), 9);
    }),
  );
});

test("points on a line give the line", () => {
  const curve = monotoneCubic([
    [0, 0.1],
    [0.3, 0.34],
    [1, 0.9],
  ]);
  for (const x of [0, 0.1, 0.25, 0.5, 0.77, 1]) expect(curve(x)).toBeCloseTo(0.1 + 0.8 * x, 12);
});
