import { expect, test } from "vitest";
import { defaultRules as rules } from "../rules.ts";
import { lowerGreen, raiseGreen, rulesFor } from "./oom-backoff.ts";

const minuteMs = 60_000;

test("each out-of-memory event lowers green by 5 points, and each 5 minutes without one raise it by 1 point up to the configured value", () => {
  const device = { greenReduction: 0, greenChangedAtMs: 0 };
  const green = () => Math.round(rulesFor(device, rules).greenFraction * 100);
  lowerGreen(device, 0, rules);
  lowerGreen(device, minuteMs, rules);
  expect(green()).toBe(75);
  expect(raiseGreen(device, 5.9 * minuteMs, rules)).toBe(false);
  expect(raiseGreen(device, 6 * minuteMs, rules)).toBe(true);
  expect(green()).toBe(76);
  // A late call applies all missed steps.
  raiseGreen(device, 6.5 * minuteMs + 20 * minuteMs, rules);
  expect(green()).toBe(80);
  raiseGreen(device, 600 * minuteMs, rules);
  expect(rulesFor(device, rules)).toBe(rules);
});

test("green is lowered by at most 40 points, and the bound to leave amber stays below it", () => {
  const device = { greenReduction: 0, greenChangedAtMs: 0 };
  for (let time = 0; time < 100; time++) lowerGreen(device, time, rules);
  const { greenFraction, leaveAmberFraction } = rulesFor(device, rules);
  expect(greenFraction).toBeCloseTo(0.45);
  expect(leaveAmberFraction).toBeLessThan(greenFraction);
});
