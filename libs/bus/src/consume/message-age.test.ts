import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageAges } from "./message-age.ts";

/** Estimated ages of messages that are received at `atMs` with age `ageMs`. The clocks of broker and process differ by `skewMs`. */
function agesOf(messages: readonly { atMs: number; ageMs: number }[], skewMs: number): number[] {
  let nowMs = 0;
  const ages = createMessageAges(() => nowMs);
  return messages.map(({ atMs, ageMs }) => {
    nowMs = atMs;
    return ages.of(atMs - ageMs + skewMs);
  });
}

test("after a fresh message, ages are exact even when the clocks differ", () => {
  const messages = [
    { atMs: 1_000, ageMs: 0 },
    { atMs: 2_000, ageMs: 700 },
    { atMs: 90_000, ageMs: 60_000 },
  ];
  for (const skewMs of [0, 1_795_000_000_000, -960_000, 35_000])
    expect(agesOf(messages, skewMs)).toEqual([0, 700, 60_000]);
});

test("a clock difference that no longer occurs is forgotten after ten minutes", () => {
  let nowMs = 0;
  const ages = createMessageAges(() => nowMs);
  expect(ages.of(5_000)).toBe(0);
  // The broker's clock is set back by an hour.
  nowMs = 1_000;
  expect(ages.of(nowMs + 5_000 - 3_600_000)).toBe(3_600_000);
  nowMs = 700_000;
  expect(ages.of(nowMs + 5_000 - 3_600_000)).toBe(0);
});

test("an estimated age is never above the true age and never negative", () => {
  const message = fc.record({ gapMs: fc.nat(60_000), ageMs: fc.nat(3_600_000) });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1 }), fc.integer({ min: -1e12, max: 1e12 }), (given, skewMs) => {
      let atMs = 0;
      const messages = given.map(({ gapMs, ageMs }) => {
        atMs += gapMs;
        return { atMs, ageMs };
      });
      for (const [at, age] of agesOf(messages, skewMs).entries()) {
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThanOrEqual(messages[at]!.ageMs);
      }
    }),
  );
});
