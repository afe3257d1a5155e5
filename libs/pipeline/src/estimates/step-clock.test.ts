import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createProgressProfiles, timeShare } from "./progress-profile.ts";
import { type StepExpectation, startStepClock } from "./step-clock.ts";

const everyMs = 100;

/**
 * Plays a step that runs for `runMs` and stores for `storeMs`, and whose reports follow `countAt` (share of the run's time to
 * fraction). Returns the readings of every tenth of a second, each with the true time left.
 */
function play(
  { runMs, storeMs }: { runMs: number; storeMs: number },
  countAt: (share: number) => number,
  expected: StepExpectation,
) {
  const clock = startStepClock(expected, 0);
  const readings: { atMs: number; restMs: number; fraction: number; etaMs: number }[] = [];
  for (let atMs = 0; atMs < runMs + storeMs; atMs += everyMs) {
    if (atMs < runMs) clock.progress(countAt(atMs / runMs), atMs);
    else clock.storing(runMs);
    readings.push({ atMs, restMs: runMs + storeMs - atMs, ...clock.read(atMs) });
  }
  clock.progress(1, runMs);
  clock.storing(runMs);
  return { readings, profile: clock.profile() };
}

const steady = (share: number) => share;
/** Like a cut-out: no reports while the model runs, then many for the rows. */
const late = (share: number) => Math.max(0, (share - 0.85) / 0.15);

const firstAt = (readings: ReturnType<typeof play>["readings"], fraction: number) =>
  readings.find((reading) => reading.fraction >= fraction);

describe("the time left", () => {
  test("is unknown without an expectation and without reports", () => {
    const clock = startStepClock({ runMs: 0, storeMs: 0 }, 1_000);
    expect(clock.read(1_000)).toEqual({ fraction: 0, etaMs: -1 });
    clock.progress(0.01, 61_000);
    // One minute for a hundredth: too little for an estimate of an hour and a half.
    expect(clock.read(61_000).etaMs).toBe(-1);
  });

  test("is the expectation less the time since the grant, at first", () => {
    const clock = startStepClock({ runMs: 4_000, storeMs: 500 }, 0);
    expect(clock.read(0)).toEqual({ fraction: 0, etaMs: 4_500 });
    // One second of four and a half has passed; nine tenths of it are shown.
    expect(clock.read(1_000)).toEqual({ fraction: 0.2, etaMs: 3_500 });
  });

  test("follows the run's own pace where there is no expectation", () => {
    const { readings } = play({ runMs: 10_000, storeMs: 200 }, steady, { runMs: 0, storeMs: 0 });
    const atQuarter = firstAt(readings, 0.25);
    expect(atQuarter?.etaMs).toBeGreaterThan(0.7 * (atQuarter?.restMs ?? 0));
    expect(atQuarter?.etaMs).toBeLessThan(1.3 * (atQuarter?.restMs ?? 0));
  });

  test("at a quarter is within 30 % where the machine is up to 1.5 times as fast or slow as expected", () => {
    const speed = fc.double({ min: 1 / 1.5, max: 1.5, noNaN: true });
    const sizes = fc.record({
      runMs: fc.integer({ min: 2_000, max: 60_000 }),
      storeMs: fc.integer({ min: 100, max: 2_000 }),
    });
    fc.assert(
      fc.property(speed, sizes, (factor, { runMs, storeMs }) => {
        const expected = { runMs: runMs * factor, storeMs: storeMs * factor };
        const { readings } = play({ runMs, storeMs }, steady, expected);
        const reading = firstAt(readings, 0.25);
        if (reading === undefined) throw new Error("Expected a reading at a quarter");
        expect(Math.abs(reading.etaMs - reading.restMs) / reading.restMs).toBeLessThanOrEqual(0.3);
      }),
    );
  });

  test("is never above ten times the true time left, if the expectation is at most twice too high", () => {
    const factor = fc.double({ min: -2, max: 1, noNaN: true }).map((log) => 2 ** log);
    const count = fc.constantFrom(steady, late, (share: number) => Math.sqrt(share));
    const learned = fc.boolean();
    fc.assert(
      fc.property(factor, count, learned, fc.integer({ min: 1_000, max: 60_000 }), (by, countAt, isLearned, runMs) => {
        const storeMs = runMs / 10;
        const truth = { runMs, storeMs };
        const { profile } = play(truth, countAt, { runMs: 0, storeMs: 0 });
        const expected = { runMs: runMs * by, storeMs: storeMs * by, profile: isLearned ? profile : undefined };
        // Below half a second, ratios are not compared.
        for (const { restMs, etaMs } of play(truth, countAt, expected).readings)
          expect(etaMs).toBeLessThanOrEqual(10 * Math.max(restMs, 500));
      }),
    );
  });

  test("does not jump: within a tenth of a second it changes by a quarter of itself or half a second at most", () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (log) => {
        const truth = { runMs: 20_000, storeMs: 1_000 };
        const expected = { runMs: 20_000 * 2 ** log, storeMs: 1_000 };
        const { readings } = play(truth, (share) => Math.floor(share * 12) / 12, expected);
        const running = readings.filter(({ atMs }) => atMs < truth.runMs);
        for (const [at, { etaMs }] of running.entries()) {
          const before = running[at - 1]?.etaMs ?? etaMs;
          expect(Math.abs(etaMs - (before - everyMs))).toBeLessThanOrEqual(Math.max(500, before / 4));
        }
      }),
    );
  });

  test("becomes unknown when nothing moves for three times the whole estimate", () => {
    const clock = startStepClock({ runMs: 1_000, storeMs: 100 }, 0);
    clock.progress(0.3, 300);
    expect(clock.read(900).etaMs).toBeGreaterThan(0);
    expect(clock.read(10_000).etaMs).toBe(-1);
  });
});

describe("progress", () => {
  test("only grows during the run and the storing, and stays below 1", () => {
    const fractions = fc.array(fc.double({ min: -0.5, max: 1.5 }), { maxLength: 30 });
    fc.assert(
      fc.property(fractions, fc.nat(10_000), fc.nat(10_000), (given, runMs, storeMs) => {
        const clock = startStepClock({ runMs, storeMs, profile: [0.2, 0.6, 0.7, 0.9] }, 0);
        let before = 0;
        for (const [at, fraction] of given.entries()) {
          clock.progress(fraction, at * 50);
          if (at === 20) clock.storing(at * 50);
          const { fraction: shown } = clock.read(at * 50);
          expect(shown).toBeGreaterThanOrEqual(before);
          expect(shown).toBeLessThanOrEqual(1);
          before = shown;
        }
      }),
    );
  });

  test("goes with the time once a profile of such runs is known", () => {
    const truth = { runMs: 10_000, storeMs: 100 };
    const { profile } = play(truth, late, { runMs: 10_000, storeMs: 100 });
    const { readings } = play(truth, late, { runMs: 10_000, storeMs: 100, profile });
    for (const { atMs, fraction } of readings.filter((reading) => reading.atMs > 8_800 && reading.atMs < 10_000))
      expect(Math.abs(fraction - atMs / 10_100)).toBeLessThan(0.06);
  });
});

test("a profile is the mean of its runs, and the newest counts three tenths", () => {
  const profiles = createProgressProfiles();
  expect(profiles.find("a")).toBeUndefined();
  profiles.observe("a", [0, 0.2, 0.5, 0.8]);
  profiles.observe("a", [0, 0.4, 0.5, 0.7]);
  expect(profiles.find("a")?.map((share) => Number(share.toFixed(9)))).toEqual([0, 0.26, 0.5, 0.77]);
  // Between a quarter and a half: 0.26 + (0.5 - 0.26) * 0.2.
  expect(timeShare(profiles.find("a"), 0.3)).toBeCloseTo(0.308, 9);
  expect(timeShare(undefined, 0.3)).toBe(0.3);
  for (let n = 0; n < 3_000; n++) profiles.observe(`b${n}`, [0, 0.2, 0.5, 0.8]);
  expect(profiles.find("a")).toBeUndefined();
});
