import { expect, test } from "vitest";
import { toTimeoutHeader } from "./timeout-header.ts";

test("a timeout is up to 8 digits and a unit, and at least 1 ms", () => {
  expect([-5, 0, 0.2, 1, 1_500, 99_999_999, 100_000_000, 1e15].map(toTimeoutHeader)).toEqual([
    ...["1m", "1m", "1m", "1m", "1500m", "99999999m", "100000S", "99999999S"],
  ]);
});
