import { expect, test } from "vitest";
import { watchAbandoned } from "./abandoned-announcements.ts";

test("an announcement is abandoned once it had no specification for longer than the bound, counted from its latest revision", () => {
  let nowMs = 0;
  const watch = watchAbandoned(1_000, () => nowMs);
  expect(watch.isAbandoned("b", 1)).toBe(false);
  nowMs = 1_000;
  expect(watch.isAbandoned("b", 1)).toBe(false);
  nowMs = 1_001;
  expect(watch.isAbandoned("b", 1)).toBe(true);
  expect(watch.isAbandoned("b", 2)).toBe(false);
  nowMs = 2_002;
  expect(watch.isAbandoned("b", 2)).toBe(true);
});

test("a batch that was forgotten counts from its next look", () => {
  let nowMs = 0;
  const watch = watchAbandoned(1_000, () => nowMs);
  watch.isAbandoned("a", 1);
  watch.isAbandoned("b", 1);
  nowMs = 5_000;
  watch.forget("a");
  expect([watch.isAbandoned("a", 1), watch.isAbandoned("b", 1)]).toEqual([false, true]);
  watch.forgetAll();
  expect(watch.isAbandoned("b", 1)).toBe(false);
});
