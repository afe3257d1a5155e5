import { expect, test } from "vitest";
import { createVerifiedFiles } from "./verified-files.ts";

const file = { ino: 1, size: 10, mtimeMs: 5_000.1, ctimeMs: 100 };

test("a verification holds for the same state of a file and for its trust time", () => {
  const clock = { nowMs: 0 };
  const verified = createVerifiedFiles(1_000, () => clock.nowMs);
  verified.add("a", file);
  expect(verified.has("a", file)).toBe(true);
  for (const change of [{ ino: 2 }, { size: 11 }, { mtimeMs: 5_000 }, { ctimeMs: 101 }])
    expect(verified.has("a", { ...file, ...change })).toBe(false);
  clock.nowMs = 1_001;
  expect(verified.has("a", file)).toBe(false);
});

test("a verification survives changes of times by the store, and does not become younger", () => {
  const clock = { nowMs: 0 };
  const verified = createVerifiedFiles(1_000, () => clock.nowMs);
  verified.add("a", file);
  clock.nowMs = 900;
  const after = { ...file, ctimeMs: 200 };
  verified.move("a", file, after);
  expect([verified.has("a", after), verified.has("a", file)]).toEqual([true, false]);
  clock.nowMs = 1_001;
  expect(verified.has("a", after)).toBe(false);
  verified.move("b", file, after);
  expect(verified.has("b", after)).toBe(false);
});
