import { expect, test } from "vitest";
import { toDeadlineUnixMs } from "./job-deadline.ts";

test("a deadline becomes Unix milliseconds, and none becomes 0", () => {
  expect(toDeadlineUnixMs(undefined, undefined, 1_000)).toBe(0);
  expect(toDeadlineUnixMs(new Date(1_001), undefined, 1_000)).toBe(1_001);
  expect(toDeadlineUnixMs(new Date(5), "id", 1_000)).toBe(5);
});

test.each([new Date(0), new Date(-5), new Date(1_000), new Date(Number.NaN), 5_000 as unknown as Date])(
  "%s is refused as a deadline",
  (deadline) =>
    expect(() => toDeadlineUnixMs(deadline, undefined, 1_000)).toThrow(
      /^Expected `deadline` to be a date that is ahead/,
    ),
);
