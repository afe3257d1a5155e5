import { expect, test } from "vitest";
import { fromSavedLevel, isNearSavedMs, maxSavedMs, parseSavedMs, savedLevels, toSavedLevel } from "./saved-ms.ts";

test("levels rise from 1 ms to 24 hours, and 0 is unknown", () => {
  expect([0, 1, maxSavedMs, 10 * maxSavedMs].map(toSavedLevel)).toEqual([0, 1, savedLevels, savedLevels]);
  const times = Array.from({ length: savedLevels + 1 }, (_, level) => fromSavedLevel(level));
  expect([times[0], times[1], times.at(-1)]).toEqual([0, 1, 86_400_000]);
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
});

test("a time within a level, or an unknown one, needs no write; the first known one does", () => {
  expect(isNearSavedMs(1_000, 1_000)).toBe(true);
  expect(isNearSavedMs(1_000, 1_200)).toBe(true);
  expect(isNearSavedMs(1_000, 2_000)).toBe(false);
  expect(isNearSavedMs(2_000, 1_000)).toBe(false);
  expect(isNearSavedMs(1_000, 0)).toBe(true);
  expect(isNearSavedMs(0, 0)).toBe(true);
  expect(isNearSavedMs(0, 1)).toBe(false);
});

test("the level of a time is near it", () => {
  for (let ms = 1; ms <= maxSavedMs; ms = Math.ceil(ms * 1.07))
    expect(isNearSavedMs(fromSavedLevel(toSavedLevel(ms)), ms)).toBe(true);
});

test.each([-1, 0.5, maxSavedMs + 1, Number.NaN])("a saved time of %d ms is refused with its field", (savedMs) => {
  expect(() => parseSavedMs("header.saved_ms", savedMs)).toThrow(
    expect.objectContaining({ reason: "INVALID_ARGUMENT", message: expect.stringContaining("header.saved_ms") }),
  );
});
