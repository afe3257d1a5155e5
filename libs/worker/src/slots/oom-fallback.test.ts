import type { SlotOption } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { firstTry, nextTry, type Try } from "./oom-fallback.ts";

const toOptions = (...tilesPx: number[]): SlotOption[] =>
  tilesPx.map((tilePx) => ({ tilePx, batch: 1, peakBytes: tilePx, computeTokens: 1 }));

/** What is tried one after another where each runs out of memory at the first option it was offered. */
function allTries(options: SlotOption[]): unknown[] {
  const tries = [];
  for (let each: Try | undefined = firstTry(options); each; each = nextTry(each, 0)) {
    tries.push([each.options.map(({ tilePx }) => tilePx), each.alone]);
  }
  return tries;
}

test("after running out of memory what is smaller is tried twice, then the smallest alone, then nothing", () => {
  expect(allTries(toOptions(1024, 768, 512, 256))).toEqual([
    [[1024, 768, 512, 256], false],
    [[768, 512, 256], false],
    [[512, 256], false],
    [[256], true],
  ]);
});

test("where nothing is smaller the same is tried alone, once", () => {
  expect(allTries(toOptions(64))).toEqual([
    [[64], false],
    [[64], true],
  ]);
});

test("what was passed over as too large is not offered again", () => {
  expect(nextTry(firstTry(toOptions(1024, 768, 512)), 1)?.options.map(({ tilePx }) => tilePx)).toEqual([512]);
});
