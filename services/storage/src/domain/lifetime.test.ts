import fc from "fast-check";
import { expect, test } from "vitest";
import type { BlobKind } from "./blob-kind.ts";
import { assertKeepUntil, evictionRank, extendedKeepUntil, firstKeepUntil, isExpired } from "./lifetime.ts";

const rules = {
  minMs: 1_000,
  maxMs: 100_000,
  slackMs: 300,
  graceMs: 50,
  outputHoldMs: 5_000,
  inputRestMs: 2_000,
  frameRestMs: 400,
};
const time = fc.integer({ min: 0, max: 1_000_000 });

test("a lifetime is never shortened and never shorter than requested", () => {
  fc.assert(
    fc.property(time, time, (currentMs, wantedMs) => {
      const extendedMs = extendedKeepUntil(currentMs, wantedMs, rules);
      expect(extendedMs).toBeGreaterThanOrEqual(Math.max(currentMs, wantedMs));
    }),
  );
});

test("requests within the slack of an extension change nothing", () => {
  const extendedMs = extendedKeepUntil(5_000, 6_000, rules);
  expect(extendedKeepUntil(extendedMs, 6_300, rules)).toBe(extendedMs);
  expect(extendedKeepUntil(extendedMs, 6_301, rules)).toBeGreaterThan(extendedMs);
});

test("a new blob lives at least the shortest lifetime, and expires only after the grace time", () => {
  const keepUntilMs = firstKeepUntil(0, 10_000, rules);
  expect(keepUntilMs).toBe(11_000);
  expect(firstKeepUntil(20_000, 10_000, rules)).toBe(20_000);
  const output = { kind: "output" as const, keepUntilMs, usedMs: 10_000 };
  expect(isExpired(output, 11_050, rules)).toBe(false);
  expect(isExpired(output, 11_051, rules)).toBe(true);
});

test("inputs and frames get exactly the requested lifetime", () => {
  for (const kind of ["input", "frame"] as const) {
    expect(firstKeepUntil(10_200, 10_000, rules, kind)).toBe(10_200);
    expect(firstKeepUntil(0, 10_000, rules, kind)).toBe(11_000);
  }
});

test("blobs are evicted in order: expired ones, frames, inputs, outputs that were not used for long", () => {
  const rank = (kind: BlobKind, keepUntilMs: number, usedMs: number, nowMs: number) =>
    evictionRank({ kind, keepUntilMs, usedMs }, nowMs, rules);
  // Needed by a job, or promised and recently used: not evicted.
  for (const kind of ["frame", "input"] as const) expect(rank(kind, 20_000, 0, 20_050)).toBeUndefined();
  expect(rank("output", 90_000, 20_000, 25_000)).toBeUndefined();
  const ranks = [
    rank("output", 20_000, 20_000, 20_051),
    rank("frame", 20_000, 20_000, 20_051),
    rank("input", 20_000, 20_000, 20_051),
    rank("output", 90_000, 20_000, 25_001),
  ];
  expect(ranks).toEqual([0, 1, 2, 3]);
  // Their rest time is over.
  expect(rank("frame", 20_000, 20_000, 20_451)).toBe(0);
  expect(rank("input", 20_000, 20_000, 22_051)).toBe(0);
});

test("a lifetime beyond the longest allowed one is refused", () => {
  assertKeepUntil("keep_until_unix_ms", 0, 5_000, rules);
  assertKeepUntil("keep_until_unix_ms", 105_000, 5_000, rules);
  for (const asked of [-1, 105_001, Number.NaN, 0.5]) {
    expect(() => assertKeepUntil("keep_until_unix_ms", asked, 5_000, rules)).toThrow(/Expected `keep_until_unix_ms`/);
  }
});
