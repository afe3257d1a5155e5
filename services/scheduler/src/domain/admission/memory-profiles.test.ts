import fc from "fast-check";
import { expect, test } from "vitest";
import {
  learnOutOfMemory,
  learnRun,
  learnUnmeasured,
  type MemoryProfile,
  type MemoryProfiles,
  predictPeak,
  setProfile,
} from "./memory-profiles.ts";

const learn = (peaks: readonly number[]) =>
  peaks.reduce<MemoryProfile | undefined>((profile, peak) => learnRun(profile, peak, 10), undefined);

test("work that never ran is charged 1.5 times its estimate, and is not proven", () => {
  expect(predictPeak(undefined, 1000, 1.5)).toEqual({ peakBytes: 1500, isProven: false });
});

test("from five runs on the highest peak plus a tenth decides; before, a larger estimate does", () => {
  expect(predictPeak(learn([800, 800, 800, 800]), 1000, 1.5)).toEqual({ peakBytes: 1000, isProven: true });
  expect(predictPeak(learn([800, 800, 800, 800, 800]), 1000, 1.5)).toEqual({ peakBytes: 881, isProven: true });
});

test("a run without a measurement proves the work but not its size", () => {
  const profile = learnUnmeasured(undefined, 1500, 10);
  expect(predictPeak(profile, 1000, 1.5)).toEqual({ peakBytes: 1500, isProven: true });
  expect(learnRun(profile, 500, 10)).toEqual({ runs: 1, peakBytes: 550, runMs: 10 });
});

test("a profile is at least a tenth above the last peak, and falls slowly", () => {
  const peaks = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(peaks, (all) => {
      const before = learn(all.slice(0, -1))!;
      const after = learn(all)!;
      expect(after.peakBytes).toBeGreaterThanOrEqual(all.at(-1)! * 1.1);
      expect(after.peakBytes).toBeGreaterThanOrEqual(Math.floor(before.peakBytes * 0.95));
    }),
  );
});

test("an out-of-memory failure makes a profile a quarter larger at once", () => {
  expect(learnOutOfMemory(undefined, 1000)).toMatchObject({ peakBytes: 1250 });
  const profile = learnOutOfMemory({ runs: 9, peakBytes: 2000, runMs: 5 }, 1000);
  expect(predictPeak(profile, 100, 1.5)).toEqual({ peakBytes: 2500, isProven: true });
});

test("the number of profiles is bounded, and the least recently changed one is removed", () => {
  const profiles: MemoryProfiles = new Map();
  for (let n = 0; n < 4_097; n += 1) setProfile(profiles, `profile ${n}`, { runs: 1, peakBytes: 1, runMs: 1 });
  expect([profiles.size, profiles.has("profile 0"), profiles.has("profile 1")]).toEqual([4_096, false, true]);
});
