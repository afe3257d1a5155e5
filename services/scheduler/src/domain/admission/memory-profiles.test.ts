import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Card,
  type Cards,
  learnOutOfMemory,
  learnRun,
  learnUnmeasured,
  predictPeak,
  setCard,
} from "./memory-profiles.ts";

const learn = (peaks: readonly number[]) =>
  peaks.reduce<Card | undefined>((card, peak) => learnRun(card, peak, 10), undefined);

test("what was never run is charged its estimate and a half, and is not proven", () => {
  expect(predictPeak(undefined, 1000, 1.5)).toEqual({ peakBytes: 1500, isProven: false });
});

test("after five runs the highest peak and a tenth decides; before, a larger estimate still does", () => {
  expect(predictPeak(learn([800, 800, 800, 800]), 1000, 1.5)).toEqual({ peakBytes: 1000, isProven: true });
  expect(predictPeak(learn([800, 800, 800, 800, 800]), 1000, 1.5)).toEqual({ peakBytes: 881, isProven: true });
});

test("an unmeasured run proves the work but not its size", () => {
  const card = learnUnmeasured(undefined, 1500, 10);
  expect(predictPeak(card, 1000, 1.5)).toEqual({ peakBytes: 1500, isProven: true });
  expect(learnRun(card, 500, 10)).toEqual({ runs: 1, peakBytes: 550, runMs: 10 });
});

test("a card is never below a tenth above the last peak, and falls slowly", () => {
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

test("running out of memory makes a card a quarter larger at once", () => {
  expect(learnOutOfMemory(undefined, 1000)).toMatchObject({ peakBytes: 1250 });
  const card = learnOutOfMemory({ runs: 9, peakBytes: 2000, runMs: 5 }, 1000);
  expect(predictPeak(card, 100, 1.5)).toEqual({ peakBytes: 2500, isProven: true });
});

test("the number of cards is bounded, and the one changed longest ago goes", () => {
  const cards: Cards = new Map();
  for (let n = 0; n < 4_097; n += 1) setCard(cards, `card ${n}`, { runs: 1, peakBytes: 1, runMs: 1 });
  expect([cards.size, cards.has("card 0"), cards.has("card 1")]).toEqual([4_096, false, true]);
});
