import { expect, test } from "vitest";
import type { StepOption } from "../step-handler.ts";
import { firstTry, nextTry, type OptionTry } from "./oom-fallback.ts";

const toOptions = (...tilesPx: number[]): StepOption[] =>
  tilesPx.map((tilePx) => ({ tilePx, batch: 1, peakBytes: tilePx, computeTokens: 1 }));

/** All tries of a step that runs out of memory with the first option each time. */
function allTries(options: StepOption[]): unknown[] {
  const tries = [];
  for (let each: OptionTry | undefined = firstTry(options); each; each = nextTry(each, 0)) {
    tries.push([each.options.map(({ tilePx }) => tilePx), each.alone]);
  }
  return tries;
}

test("after out-of-memory failures smaller options are tried twice, then the smallest alone", () => {
  expect(allTries(toOptions(1024, 768, 512, 256))).toEqual([
    [[1024, 768, 512, 256], false],
    [[768, 512, 256], false],
    [[512, 256], false],
    [[256], true],
  ]);
});

test("without a smaller option, the same one is tried alone once", () => {
  expect(allTries(toOptions(64))).toEqual([
    [[64], false],
    [[64], true],
  ]);
});

test("only options smaller than the granted one are tried next", () => {
  expect(nextTry(firstTry(toOptions(1024, 768, 512)), 1)?.options.map(({ tilePx }) => tilePx)).toEqual([512]);
});

test("an option of a narrow host, which needs as much memory, is no smaller one", () => {
  const option = { tilePx: 320, batch: 1, peakBytes: 100, computeTokens: 2 };
  const options = [option, { ...option, computeTokens: 1, hostId: "h/1" }];
  expect(nextTry(firstTry(options), 0)).toEqual({ options: [option], alone: true, smaller: 0 });
});
