import { expect, test } from "vitest";
import { restartDelayMs } from "./restart-delay.ts";

test("restarts wait 250 ms, then double, up to 10 s", () => {
  expect([1, 2, 3, 6, 7, 1_000].map(restartDelayMs)).toEqual([250, 500, 1_000, 8_000, 10_000, 10_000]);
});
