import { expect, test } from "vitest";
import { nextHotBudget, readMemory } from "./memory-pressure.ts";

const mib = 1024 * 1024;
const memory = (usedMib: number, availableMib = 500) => ({
  usedBytes: usedMib * mib,
  limitBytes: 1_000 * mib,
  availableBytes: availableMib * mib,
});

test("above 85 % of the limit the budget gives up what is missing to 70 %, and at least half", () => {
  expect(nextHotBudget(400 * mib, 400 * mib, memory(850))).toBe(400 * mib);
  expect(nextHotBudget(400 * mib, 400 * mib, memory(851))).toBe(200 * mib);
  expect(nextHotBudget(400 * mib, 400 * mib, memory(960))).toBe(140 * mib);
  expect(nextHotBudget(10 * mib, 400 * mib, memory(960))).toBe(0);
});

test("a machine with less than 5 % of the limit left counts as pressure", () => {
  expect(nextHotBudget(400 * mib, 400 * mib, memory(100, 50))).toBe(400 * mib);
  expect(nextHotBudget(400 * mib, 400 * mib, memory(100, 49))).toBe(200 * mib);
});

test("below 70 % the budget grows by an eighth of its maximum at a time; between the marks it stays", () => {
  expect(nextHotBudget(0, 400 * mib, memory(699))).toBe(50 * mib);
  expect(nextHotBudget(390 * mib, 400 * mib, memory(100))).toBe(400 * mib);
  expect(nextHotBudget(100 * mib, 400 * mib, memory(701))).toBe(100 * mib);
  expect(nextHotBudget(0, 0, memory(100))).toBe(0);
});

test("the memory of this process is below its limit", () => {
  const { usedBytes, limitBytes, availableBytes } = readMemory(2 ** 50);
  expect(usedBytes).toBeGreaterThan(10 * mib);
  expect(usedBytes).toBeLessThan(limitBytes);
  expect(availableBytes).toBeGreaterThan(0);
  expect(readMemory(123).limitBytes).toBe(123);
});
