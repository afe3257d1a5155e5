import { expect, test } from "vitest";
import { createValues, noPause } from "../../../test/pictures.ts";
import { matteConfidence } from "./confidence.ts";

const size = { widthPx: 10, heightPx: 10 };
const confidence = (value: (x: number, y: number) => number) => matteConfidence(createValues(size, value), noPause);

test("a hard mask of one part is certain", async () => {
  expect(await confidence((x) => (x < 4 ? 1 : 0))).toBe(1);
});

test("half-certain values lower it by their share", async () => {
  // 40 pixels of 0.8 in a mask of 40: 32 / 40.
  expect(await confidence((x) => (x < 4 ? 0.8 : 0))).toBeCloseTo(0.8, 6);
  // 10 more of 0.3 outside the mask: 32 / 43.
  expect(await confidence((x) => (x < 4 ? 0.8 : x === 9 ? 0.3 : 0))).toBeCloseTo(32 / 43, 6);
});

test("scattered parts lower it to the share of the largest", async () => {
  expect(await confidence((x) => (x < 3 || x === 9 ? 1 : 0))).toBe(0.75);
  // Pixels that touch at a corner only are parts of their own.
  expect(await confidence((x, y) => (x === y ? 1 : 0))).toBe(0.1);
});

test("it is 0 where nothing is found, and 1 where all is object", async () => {
  expect(await confidence(() => 0.49)).toBe(0);
  expect(await confidence(() => 1)).toBe(1);
});
