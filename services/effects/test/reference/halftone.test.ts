import fc from "fast-check";
import { expect, test } from "vitest";
import { createScreen } from "./halftone.ts";

test("the inked share of the screen is the tone, at any period, angle and tone", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 6, max: 40, noNaN: true }),
      fc.double({ min: 0, max: 90, noNaN: true }),
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      (period, angle, tone) => {
        const screen = createScreen(period, angle);
        const side = 200;
        let inked = 0;
        for (let i = 0; i < side * side; i++) if (screen(i % side, Math.floor(i / side)) < tone) inked++;
        // A dot grows by whole pixels, by four on a grid that is not turned; the picture's edge cuts some dots.
        expect(Math.abs(inked / side ** 2 - tone)).toBeLessThan(0.03 + 4 / period ** 2);
      },
    ),
    { numRuns: 30 },
  );
});

test("an unturned screen repeats after its period and has its dots in the corners of the grid", () => {
  const screen = createScreen(8, 0);
  expect(screen(3, 5)).toBe(screen(11, 21));
  const row = [0, 1, 2, 3, 4].map((x) => screen(x, 0));
  expect(row).toEqual([...row].sort((a, b) => a - b));
});
