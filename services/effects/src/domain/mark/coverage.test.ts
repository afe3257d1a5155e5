import fc from "fast-check";
import { expect, test } from "vitest";
import type { Contour } from "./contours.ts";
import { createFill } from "./coverage.ts";
import { strokeOf } from "./stroke.ts";

function coverageOf(contours: readonly Contour[], widthPx: number, heightPx: number): number[][] {
  const fill = createFill(widthPx, heightPx);
  fill.add(contours);
  return Array.from({ length: heightPx }, (_, y) => {
    const row = new Float64Array(widthPx);
    fill.coverage(y, row);
    return [...row];
  });
}

const sumOf = (rows: readonly number[][]) => rows.flat().reduce((sum, value) => sum + value, 0);
const rectangle = (left: number, top: number, right: number, bottom: number): Contour => [
  ...[left, top, right, top, right, bottom, left, bottom],
];

test("a rectangle covers each pixel by the area that it has of it", () => {
  expect(coverageOf([rectangle(0.25, 0.5, 2.75, 2)], 4, 3)).toEqual([
    [0.375, 0.5, 0.375, 0],
    [0.75, 1, 0.75, 0],
    [0, 0, 0, 0],
  ]);
});

test("overlapping contours count once, a hole not at all, and what lies outside is cut off", () => {
  const overlapping = coverageOf([rectangle(-3, 0, 2, 2), rectangle(1, -5, 9, 1)], 4, 2);
  expect(overlapping).toEqual([
    [1, 1, 1, 1],
    [1, 1, 0, 0],
  ]);
  const hole = [1, 1, 1, 2, 3, 2, 3, 1];
  expect(coverageOf([rectangle(0, 0, 4, 3), hole], 4, 3)).toEqual([
    [1, 1, 1, 1],
    [1, 0, 0, 1],
    [1, 1, 1, 1],
  ]);
});

/** Whether a point lies within a contour's non-zero winding: the turns around it. */
function windingOf(contour: Contour, x: number, y: number): number {
  let angle = 0;
  for (let i = 0; i < contour.length; i += 2) {
    const next = (i + 2) % contour.length;
    const [ax, ay] = [contour[i]! - x, contour[i + 1]! - y];
    const [bx, by] = [contour[next]! - x, contour[next + 1]! - y];
    angle += Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
  }
  return Math.round(angle / (2 * Math.PI));
}

test("any polygons are covered as points counted one by one say", () => {
  const corner = fc.double({ min: -2, max: 10, noNaN: true });
  const polygon = fc
    .array(corner, { minLength: 6, maxLength: 12 })
    .map((all) => all.slice(0, all.length - (all.length % 2)));
  fc.assert(
    fc.property(fc.array(polygon, { minLength: 1, maxLength: 3 }), (polygons) => {
      const rows = coverageOf(polygons, 8, 8);
      const points = 16;
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          let inside = 0;
          for (let j = 0; j < points; j++)
            for (let i = 0; i < points; i++) {
              const at = [x + (i + 0.5) / points, y + (j + 0.5) / points] as const;
              const winding = polygons.reduce((sum, one) => sum + windingOf(one, ...at), 0);
              if (winding !== 0) inside += 1;
            }
          // Each crossing of a line is off by at most a point to either side; there are at most 36 edges, and few cross a pixel.
          expect(Math.abs(rows[y]![x]! - inside / points ** 2)).toBeLessThan(0.3);
        }
      const exact = sumOf(rows);
      expect(exact).toBeGreaterThanOrEqual(0);
      expect(exact).toBeLessThanOrEqual(64);
    }),
    { numRuns: 20 },
  );
});

test("a stroked square is the square with a round border", () => {
  const square = rectangle(10, 10, 20, 20);
  const rows = coverageOf([square, ...strokeOf([square], 4)], 30, 30);
  // Area of the Minkowski sum with a disc (Steiner's formula).
  expect(sumOf(rows)).toBeCloseTo(100 + 40 * 4 + Math.PI * 16, 0);
  expect(rows[15]![6]).toBe(1);
  expect(rows[15]![5]).toBe(0);
  // The middle of pixel (6, 6) is 4.95 px from the nearest corner.
  expect(rows[6]![6]).toBeLessThan(0.02);
});

test("a stroke fills a hole that is narrower than it", () => {
  const ring = [rectangle(5, 5, 25, 25), [14, 14, 14, 16, 16, 16, 16, 14]];
  const rows = coverageOf([...ring, ...strokeOf(ring, 1.5)], 30, 30);
  expect(rows[15]![15]).toBe(1);
  const wide = [rectangle(5, 5, 25, 25), [11, 11, 11, 19, 19, 19, 19, 11]];
  const open = coverageOf([...wide, ...strokeOf(wide, 1.5)], 30, 30);
  expect(open[15]![15]).toBe(0);
  expect(open[15]![12]).toBe(0.5);
});

test("nothing is stroked at a radius of 0", () => {
  expect(strokeOf([rectangle(0, 0, 1, 1)], 0)).toEqual([]);
});
