import fc from "fast-check";
import { expect, test } from "vitest";
import { toRate, toRoughTime, toShortSize, toShortTime } from "./short-text.ts";

test.each([
  [150.4, "150 a second"],
  [12.34, "12 a second"],
  [1, "1.0 a second"],
  [0.5, "30 a minute"],
  [0.05, "3.0 a minute"],
  [0.001, "3.6 an hour"],
])("%d pictures a second are shown as %s", (perSecond, text) => {
  expect(toRate(perSecond)).toBe(text);
});

test.each([
  [1, "1 s"],
  [8_000, "8 s"],
  [11_000, "15 s"],
  [55_000, "55 s"],
  [56_000, "1 min"],
  [245_000, "4 min 10 s"],
  [595_000, "10 min"],
  [1_500_000, "25 min"],
  [3_550_000, "1 h"],
  [12_000_000, "3 h 20 min"],
  [1e12, "over 4 days"],
])("%d ms left are shown as %s", (ms, text) => {
  expect(toRoughTime(ms)).toBe(text);
});

test("a rough time is never less than the time, and more by at most a half or a second", () => {
  const toMs = (text: string) =>
    [...text.matchAll(/(\d+) (h|min|s)/g)].reduce(
      (sum, [, digits, unit]) => sum + Number(digits) * { h: 3_600_000, min: 60_000, s: 1_000 }[unit as "h"],
      0,
    );
  fc.assert(
    fc.property(fc.double({ min: 1, max: 3.6e8, noNaN: true }), (ms) => {
      const shown = toMs(toRoughTime(ms));
      expect(shown).toBeGreaterThanOrEqual(ms - 1);
      expect(shown).toBeLessThanOrEqual(Math.max(ms * 1.5, ms + 1_000));
    }),
  );
});

test.each([
  [812, "812 B"],
  [3_250_586, "3.1 MiB"],
  [104_857_600, "100 MiB"],
  [5e12, "4.5 TiB"],
])("%d bytes are shown as %s", (bytes, text) => {
  expect(toShortSize(bytes)).toBe(text);
});

test.each([
  [85.4, "85 ms"],
  [2_340, "2.3 s"],
  [59_960, "1 min 0 s"],
  [250_000, "4 min 10 s"],
])("A duration of %d ms is shown as %s", (ms, text) => {
  expect(toShortTime(ms)).toBe(text);
});
