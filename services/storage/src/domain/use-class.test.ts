import { expect, test } from "vitest";
import { toUseClass, toUsedUntilMs } from "./use-class.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = 1_800_000_000_000;

test("a blob is hot with 3 uses or a use within the hour, warm with 2 or a use within the day, else cold", () => {
  const classOf = (uses: number, idleMs: number) => toUseClass({ uses, lastUseMs: now - idleMs }, now);
  expect(classOf(0, hour - 1)).toBe("hot");
  expect(classOf(3, 30 * day)).toBe("hot");
  expect(classOf(0, hour)).toBe("warm");
  expect(classOf(2, 30 * day)).toBe("warm");
  expect(classOf(0, day - 1)).toBe("warm");
  expect(classOf(1, day)).toBe("cold");
});

test("a blob stays for the time of its class after its last use", () => {
  const ttls = { hot: 7 * day, warm: 3 * day, cold: day };
  const until = (uses: number, idleMs: number) => toUsedUntilMs({ uses, lastUseMs: now - idleMs }, now, ttls) - now;
  expect(until(3, 2 * day)).toBe(5 * day);
  expect(until(2, 2 * day)).toBe(day);
  expect(until(1, 2 * day)).toBe(-day);
});
