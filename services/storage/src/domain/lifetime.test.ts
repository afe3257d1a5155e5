import fc from "fast-check";
import { expect, test } from "vitest";
import { assertKeepUntil, extendedKeepUntil, firstKeepUntil, isExpired } from "./lifetime.ts";

const rules = { minMs: 1_000, maxMs: 100_000, slackMs: 300, graceMs: 50 };
const time = fc.integer({ min: 0, max: 1_000_000 });

test("a life is never shortened and never shorter than asked for", () => {
  fc.assert(
    fc.property(time, time, (currentMs, wantedMs) => {
      const extendedMs = extendedKeepUntil(currentMs, wantedMs, rules);
      expect(extendedMs).toBeGreaterThanOrEqual(Math.max(currentMs, wantedMs));
    }),
  );
});

test("wants within the slack of an extension change nothing", () => {
  const extendedMs = extendedKeepUntil(5_000, 6_000, rules);
  expect(extendedKeepUntil(extendedMs, 6_300, rules)).toBe(extendedMs);
  expect(extendedKeepUntil(extendedMs, 6_301, rules)).toBeGreaterThan(extendedMs);
});

test("new bytes live at least the shortest life, and are expired only a grace after it", () => {
  const keepUntilMs = firstKeepUntil(0, 10_000, rules);
  expect(keepUntilMs).toBe(11_000);
  expect(firstKeepUntil(20_000, 10_000, rules)).toBe(20_000);
  expect(isExpired(keepUntilMs, 11_050, rules)).toBe(false);
  expect(isExpired(keepUntilMs, 11_051, rules)).toBe(true);
});

test("a life further ahead than the rules allow is refused", () => {
  assertKeepUntil("keep_until_unix_ms", 0, 5_000, rules);
  assertKeepUntil("keep_until_unix_ms", 105_000, 5_000, rules);
  for (const asked of [-1, 105_001, Number.NaN, 0.5]) {
    expect(() => assertKeepUntil("keep_until_unix_ms", asked, 5_000, rules)).toThrow(/Expected `keep_until_unix_ms`/);
  }
});
