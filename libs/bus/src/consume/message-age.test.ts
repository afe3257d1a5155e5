import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageAges } from "./message-age.ts";

/** Ages of messages of which each has lain for so long, between a broker and a process whose clocks differ by `skewMs`. */
function agesOf(messages: readonly { atMs: number; lainMs: number }[], skewMs: number): number[] {
  let nowMs = 0;
  const ages = createMessageAges(() => nowMs);
  return messages.map(({ atMs, lainMs }) => {
    nowMs = atMs;
    return ages.of(atMs - lainMs + skewMs);
  });
}

test("after a fresh message, ages are exact even when the clocks differ", () => {
  const messages = [
    { atMs: 1_000, lainMs: 0 },
    { atMs: 2_000, lainMs: 700 },
    { atMs: 90_000, lainMs: 60_000 },
  ];
  for (const skewMs of [0, 1_795_000_000_000, -960_000, 35_000])
    expect(agesOf(messages, skewMs)).toEqual([0, 700, 60_000]);
});

test("a difference that is no longer seen is forgotten after ten minutes", () => {
  let nowMs = 0;
  const ages = createMessageAges(() => nowMs);
  expect(ages.of(5_000)).toBe(0);
  // The broker's clock is set back by an hour.
  nowMs = 1_000;
  expect(ages.of(nowMs + 5_000 - 3_600_000)).toBe(3_600_000);
  nowMs = 700_000;
  expect(ages.of(nowMs + 5_000 - 3_600_000)).toBe(0);
});

test("no message is taken for older than it is, and none has a negative age", () => {
  const message = fc.record({ gapMs: fc.nat(60_000), lainMs: fc.nat(3_600_000) });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1 }), fc.integer({ min: -1e12, max: 1e12 }), (given, skewMs) => {
      let atMs = 0;
      const messages = given.map(({ gapMs, lainMs }) => {
        atMs += gapMs;
        return { atMs, lainMs };
      });
      for (const [at, age] of agesOf(messages, skewMs).entries()) {
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThanOrEqual(messages[at]!.lainMs);
      }
    }),
  );
});
