import { expect, test } from "vitest";
import { createVerifiedMemo } from "./verified-memo.ts";

const file = { ino: 1, size: 10, mtimeMs: 5_000.1, ctimeMs: 100 };

test("a finding holds for the same state of a file and for its time", () => {
  const clock = { nowMs: 0 };
  const memo = createVerifiedMemo(1_000, () => clock.nowMs);
  memo.add("a", file);
  expect(memo.has("a", file)).toBe(true);
  for (const change of [{ ino: 2 }, { size: 11 }, { mtimeMs: 5_000 }, { ctimeMs: 101 }])
    expect(memo.has("a", { ...file, ...change })).toBe(false);
  clock.nowMs = 1_001;
  expect(memo.has("a", file)).toBe(false);
});

test("times that the store itself changes take the finding along, and do not make it younger", () => {
  const clock = { nowMs: 0 };
  const memo = createVerifiedMemo(1_000, () => clock.nowMs);
  memo.add("a", file);
  clock.nowMs = 900;
  const after = { ...file, ctimeMs: 200 };
  memo.move("a", file, after);
  expect([memo.has("a", after), memo.has("a", file)]).toEqual([true, false]);
  clock.nowMs = 1_001;
  expect(memo.has("a", after)).toBe(false);
  memo.move("b", file, after);
  expect(memo.has("b", after)).toBe(false);
});
