import fc from "fast-check";
import { expect, test } from "vitest";
import { createHolds } from "./holds.ts";

test("a blob is held until its job releases it or its time ends", () => {
  const holds = createHolds();
  holds.add("f", "a", 100, 0);
  expect([holds.isHeld("f", 100), holds.isHeld("f", 101), holds.isHeld("g", 0)]).toEqual([true, false, false]);
  expect(holds.release("a")).toEqual([{ sha256: "f", untilMs: 0 }]);
  expect(holds.isHeld("f", 0)).toBe(false);
  expect(holds.release("a")).toEqual([]);
});

test("a release keeps the lifetime that other jobs or calls without a job still need", () => {
  const holds = createHolds();
  holds.add("f", "a", 100, 0);
  holds.add("f", "b", 80, 100);
  expect(holds.release("a", ["f", "unknown"])).toEqual([{ sha256: "f", untilMs: 80 }]);
  holds.pin("f", 300);
  expect(holds.release("b")).toEqual([{ sha256: "f", untilMs: 300 }]);
});

test("a lifetime from before the first known job is not shortened", () => {
  const holds = createHolds();
  // Another job may have asked for 90 before a restart.
  holds.add("f", "a", 100, 90);
  expect(holds.release("a")).toEqual([{ sha256: "f", untilMs: 90 }]);
});

test("holds beyond the bound end at their time only, and holds that are never released are removed at their time", () => {
  const holds = createHolds(1);
  holds.add("f", "a", 100, 0);
  holds.add("f", "b", 200, 100);
  expect(holds.release("a")).toEqual([{ sha256: "f", untilMs: 200 }]);
  holds.add("g", "c", 50, 0);
  holds.prune(51);
  expect(holds.isHeld("g", 0)).toBe(false);
  expect(holds.release("c")).toEqual([]);
});

test("after any holds and releases a blob's lifetime covers every job that still needs it", () => {
  const jobs = ["a", "b", "c"];
  const act = fc.record({
    job: fc.constantFrom(...jobs),
    isAdd: fc.boolean(),
    untilMs: fc.integer({ min: 1, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const holds = createHolds();
      const needs = new Map<string, number>();
      let keepUntilMs = 0;
      for (const { job, isAdd, untilMs } of acts) {
        if (isAdd) {
          holds.add("f", job, untilMs, keepUntilMs);
          needs.set(job, Math.max(needs.get(job) ?? 0, untilMs));
          keepUntilMs = Math.max(keepUntilMs, untilMs);
        } else {
          needs.delete(job);
          for (const released of holds.release(job)) keepUntilMs = Math.min(keepUntilMs, released.untilMs);
        }
        for (const neededMs of needs.values()) expect(keepUntilMs).toBeGreaterThanOrEqual(neededMs);
      }
      for (const job of jobs)
        for (const released of holds.release(job)) keepUntilMs = Math.min(keepUntilMs, released.untilMs);
      expect(keepUntilMs).toBe(0);
    }),
  );
});
