import fc from "fast-check";
import { expect, test } from "vitest";
import { panBy, type View, wholeView, zoomAt } from "./view-box.ts";

const size = { widthPx: 800, heightPx: 600 };

/** Where a point of the picture (in px from its centre, at scale 1) is seen. */
const seenAt = (view: View, x: number) => x * view.scale + view.x;

test("A zoom keeps the point under the pointer in place, as long as the picture covers the viewer", () => {
  const zoomed = zoomAt(wholeView, 4, 100, -50, size);
  const point = (100 - wholeView.x) / wholeView.scale;
  expect(seenAt(zoomed, point)).toBeCloseTo(100);
  const again = zoomAt(zoomed, 2, 100, -50, size);
  expect(seenAt(again, point)).toBeCloseTo(100);
});

test("The picture never leaves the viewer uncovered, and its scale stays from 1 to 32", () => {
  const moves = fc.array(
    fc.record({
      factor: fc.double({ min: 0.1, max: 10, noNaN: true }),
      x: fc.integer({ min: -400, max: 400 }),
      y: fc.integer({ min: -300, max: 300 }),
    }),
  );
  fc.assert(
    fc.property(moves, (list) => {
      let view = wholeView;
      for (const { factor, x, y } of list) view = panBy(zoomAt(view, factor, x, y, size), x, y, size);
      expect(view.scale).toBeGreaterThanOrEqual(1);
      expect(view.scale).toBeLessThanOrEqual(32);
      expect(seenAt(view, -400)).toBeLessThanOrEqual(-400 + 1e-6);
      expect(seenAt(view, 400)).toBeGreaterThanOrEqual(400 - 1e-6);
    }),
  );
});
