import fc from "fast-check";
import { expect, test } from "vitest";
import { displayWidth } from "../format/display-width.ts";
import { toOverallLine } from "./overall-line.ts";

const overall = { total: 2_000, running: 4, done: 120, skipped: 10, failed: 3, perSecond: 6.2, leftMs: 301_000 };

test("the line of a whole command has its bar, pictures, failures, time left, rate, running and skipped ones", () => {
  expect(toOverallLine({ ...overall, done: 987 }, 120)).toBe(
    `[${"#".repeat(12)}${"-".repeat(12)}]  1000/2000  3 failed  5 min 10 s left  6.2 a second  4 running  10 skipped`,
  );
  const begun = { ...overall, done: 0, skipped: 0, failed: 0, perSecond: undefined, leftMs: undefined };
  expect(toOverallLine(begun, 50)).toBe(`[${"-".repeat(24)}]  0/2000  4 running`);
});

test("a narrow terminal shows the bar, then running pictures, rate, time left and failures last of all", () => {
  expect(toOverallLine(overall, 66)).toBe("133/2000  3 failed  5 min 10 s left  6.2 a second  4 running");
  expect(toOverallLine(overall, 50)).toBe("133/2000  3 failed  5 min 10 s left  6.2 a second");
  expect(toOverallLine(overall, 36)).toBe("133/2000  3 failed  5 min 10 s left");
  expect(toOverallLine(overall, 20)).toBe("133/2000  3 failed");
  expect(toOverallLine(overall, 5)).toBe("133/…");
});

test("the line fits any width, for any counts", () => {
  const count = fc.nat(100_000);
  const maybe = fc.option(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), { nil: undefined });
  const state = fc.record({
    done: count,
    skipped: count,
    failed: count,
    running: fc.nat(64),
    perSecond: maybe,
    leftMs: maybe,
  });
  fc.assert(
    fc.property(state, fc.nat(1_000), fc.integer({ min: 1, max: 200 }), (known, more, cells) => {
      const total = known.done + known.skipped + known.failed + more;
      expect(displayWidth(toOverallLine({ ...known, total }, cells))).toBeLessThanOrEqual(cells);
    }),
  );
});
