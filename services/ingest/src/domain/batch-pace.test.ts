import { JobState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toBatchPace } from "./batch-pace.ts";

const ends = (...times: readonly number[]) => times.map((afterS10) => ({ state: JobState.SUCCEEDED, afterS10 }));

test("without ends nothing is known, and without jobs left the time is 0", () => {
  expect(toBatchPace({ ended: [], from: 0, nowS10: 50, left: 10 })).toEqual({ jobsPerSecond: 0, etaMs: -1 });
  expect(toBatchPace({ ended: ends(10), from: 0, nowS10: 50, left: 0 })).toMatchObject({ etaMs: 0 });
  // Two ends of many tell too little; two of the last two tell enough.
  expect(toBatchPace({ ended: ends(10, 20), from: 0, nowS10: 20, left: 10 }).etaMs).toBe(-1);
  expect(toBatchPace({ ended: ends(10, 20), from: 0, nowS10: 20, left: 2 }).etaMs).toBe(2_000);
});

test("one end a second leaves as many seconds as jobs", () => {
  const ended = ends(...Array.from({ length: 60 }, (_, at) => 10 * (at + 1)));
  expect(toBatchPace({ ended, from: 0, nowS10: 600, left: 30 })).toEqual({ jobsPerSecond: 1, etaMs: 30_000 });
  // While no job ends, the pace falls.
  expect(toBatchPace({ ended, from: 0, nowS10: 1_200, left: 30 })).toEqual({ jobsPerSecond: 0.5, etaMs: 60_000 });
});

test("only the latest 200 ends count: a slow beginning is forgotten", () => {
  const slow = Array.from({ length: 50 }, (_, at) => 1_000 * (at + 1));
  const quick = Array.from({ length: 200 }, (_, at) => 50_000 + at + 1);
  const pace = toBatchPace({ ended: ends(...slow, ...quick), from: 0, nowS10: 50_200, left: 100 });
  expect(pace).toEqual({ jobsPerSecond: 10, etaMs: 10_000 });
});

test("a retry counts from its first end, and cancelled jobs do not count", () => {
  const before = ends(10, 20, 30, 40);
  const again = ends(10_000, 10_010, 10_020, 10_030);
  expect(toBatchPace({ ended: [...before, ...again], from: 4, nowS10: 10_030, left: 6 })).toEqual({
    jobsPerSecond: 1,
    etaMs: 6_000,
  });
  const cancelled = before.map((end) => ({ ...end, state: JobState.CANCELLED }));
  expect(toBatchPace({ ended: cancelled, from: 0, nowS10: 50, left: 6 })).toEqual({ jobsPerSecond: 0, etaMs: -1 });
});

test("a pace is never negative, infinite or NaN, whatever the clocks say", () => {
  const end = fc.record({ state: fc.constantFrom(2, 3, 4), afterS10: fc.nat(10_000) });
  fc.assert(
    fc.property(
      fc.array(end, { maxLength: 300 }),
      fc.nat(300),
      fc.integer({ min: -10, max: 20_000 }),
      fc.nat(10_000),
      (ended, from, nowS10, left) => {
        const { jobsPerSecond, etaMs } = toBatchPace({ ended, from, nowS10, left });
        expect(Number.isFinite(jobsPerSecond) && jobsPerSecond >= 0).toBe(true);
        expect(Number.isInteger(etaMs) && etaMs >= -1).toBe(true);
        if (left === 0) expect(etaMs).toBe(0);
      },
    ),
  );
});
