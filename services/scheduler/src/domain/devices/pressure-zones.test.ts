import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultRules as rules } from "../rules.ts";
import { maxUsedBytes, memoryVeto, nextZone, type Zone } from "./pressure-zones.ts";

const gib = 1024 ** 3;

test.each([
  ["green", 0.85, "green"],
  ["green", 0.851, "amber"],
  ["amber", 0.81, "amber"],
  ["amber", 0.8, "amber"],
  ["amber", 0.799, "green"],
  ["amber", 0.95, "amber"],
  ["amber", 0.951, "red"],
  ["red", 0.91, "red"],
  ["red", 0.9, "red"],
  ["red", 0.899, "amber"],
  ["red", 0.79, "green"],
  ["green", 0.97, "red"],
] as const)("from %s at %f a device is %s", (zone, used, expected) => {
  expect(nextZone(zone, used, rules)).toBe(expected);
});

test("small swings around a bound do not change the zone back and forth", () => {
  const swing = fc.array(fc.double({ min: 0.905, max: 0.999, noNaN: true }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(swing, (uses) => {
      let zone: Zone = "red";
      for (const used of uses) zone = nextZone(zone, used, rules);
      expect(zone).toBe("red");
    }),
  );
});

const gpu = (zone: Zone, totalBytes = 24 * gib) => ({ kind: "gpu" as const, totalBytes, zone });
const veto = (zone: Zone, workClass: "light" | "heavy", used: number, delta: number) =>
  memoryVeto(gpu(zone), workClass, { usedBytes: used * 24 * gib, deltaBytes: delta * 24 * gib }, rules);

test("green grants any work up to its bound, and light work up to the amber bound", () => {
  expect(veto("green", "heavy", 0.5, 0.34)).toBeUndefined();
  expect(veto("green", "heavy", 0.5, 0.36)).toBe("memory");
  expect(veto("green", "light", 0.5, 0.44)).toBeUndefined();
  expect(veto("green", "light", 0.5, 0.46)).toBe("memory");
});

test("amber grants light work, and heavy work only without additional memory", () => {
  expect(veto("amber", "light", 0.86, 0.05)).toBeUndefined();
  expect(veto("amber", "heavy", 0.86, 0)).toBeUndefined();
  expect(veto("amber", "heavy", 0.82, 0.001)).toBe("zone");
});

test("red grants only light work without additional memory", () => {
  expect(veto("red", "light", 0.96, 0)).toBeUndefined();
  expect(veto("red", "light", 0.91, 0.001)).toBe("zone");
  expect(veto("red", "heavy", 0.96, 0)).toBe("zone");
});

test("the headroom of a small GPU is never granted, even in green", () => {
  expect(maxUsedBytes(gpu("green", 2 * gib), "heavy", rules)).toBe(1.5 * gib);
  expect(maxUsedBytes(gpu("green", 2 * gib), "light", rules)).toBe(1.5 * gib);
  expect(maxUsedBytes({ kind: "memory", totalBytes: 1000 }, "light", rules)).toBe(950);
});
