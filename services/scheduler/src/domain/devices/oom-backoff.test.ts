import { expect, test } from "vitest";
import { defaultRules as rules } from "../rules.ts";
import { noteOutOfMemory, regainGreen, rulesOf } from "./oom-backoff.ts";

const minuteMs = 60_000;

test("each time memory runs out green is 5 points lower, and after each quiet 5 minutes one higher, up to what is configured", () => {
  const device = { caution: 0, cautionAtMs: 0 };
  const green = () => Math.round(rulesOf(device, rules).greenFraction * 100);
  noteOutOfMemory(device, 0, rules);
  noteOutOfMemory(device, minuteMs, rules);
  expect(green()).toBe(75);
  expect(regainGreen(device, 5.9 * minuteMs, rules)).toBe(false);
  expect(regainGreen(device, 6 * minuteMs, rules)).toBe(true);
  expect(green()).toBe(76);
  // A scheduler that was away for long catches up.
  regainGreen(device, 6.5 * minuteMs + 20 * minuteMs, rules);
  expect(green()).toBe(80);
  regainGreen(device, 600 * minuteMs, rules);
  expect(rulesOf(device, rules)).toBe(rules);
});

test("green is never lowered beyond reason, and amber is left below it", () => {
  const device = { caution: 0, cautionAtMs: 0 };
  for (let time = 0; time < 100; time++) noteOutOfMemory(device, time, rules);
  const { greenFraction, leaveAmberFraction } = rulesOf(device, rules);
  expect(greenFraction).toBeCloseTo(0.45);
  expect(leaveAmberFraction).toBeLessThan(greenFraction);
});
