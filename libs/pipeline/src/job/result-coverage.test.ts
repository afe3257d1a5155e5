import { ImageFormat, type StepResult } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resultFor } from "../../test/fixtures.ts";
import { mergeResults, resultCovers, type Wanted } from "./result-coverage.ts";

const formats = [ImageFormat.AUTO, ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP] as const;
const wantedOf = (list: readonly ImageFormat[], storeFrame: boolean): Wanted => ({
  storeFrame,
  outputs: list.map((format, index) => ({
    name: `o${index}`,
    encoding: { format, quality: 0, lossless: false, background: "" },
  })),
});
const wants = fc.tuple(fc.subarray([...formats]), fc.boolean()).map(([list, frame]) => wantedOf(list, frame));

test("a result covers a need exactly if it has every part of it", () => {
  fc.assert(
    fc.property(wants, wants, (made, wanted) => {
      const has = (part: Wanted, format: ImageFormat) =>
        part.outputs.some(({ encoding }) => encoding?.format === format);
      const isEnough =
        formats.every((format) => !has(wanted, format) || has(made, format)) && (made.storeFrame || !wanted.storeFrame);
      expect(resultCovers(resultFor(made, "x"), wanted)).toBe(isEnough);
    }),
  );
});

test("the name of an output does not matter, the meaning of its encoding does", () => {
  const result = resultFor(wantedOf([ImageFormat.JPEG], false), "x");
  const jpeg = (quality: number): Wanted => ({
    storeFrame: false,
    outputs: [
      { name: "other", encoding: { format: ImageFormat.JPEG, quality, lossless: false, background: "#FFFFFF" } },
    ],
  });
  expect(resultCovers(result, jpeg(85))).toBe(true);
  expect(resultCovers(result, jpeg(84))).toBe(false);
});

test("merged results of one picture cover what either covered, in either order", () => {
  fc.assert(
    fc.property(wants, wants, wants, (one, other, wanted) => {
      const [a, b] = [resultFor(one, "x"), resultFor(other, "x")];
      const merged = mergeResults(a, b);
      expect(resultCovers(merged, one) && resultCovers(merged, other)).toBe(true);
      if (resultCovers(a, wanted) || resultCovers(b, wanted)) expect(resultCovers(merged, wanted)).toBe(true);
      expect(mergeResults(b, a)).toEqual(merged);
      expect(mergeResults(merged, a)).toEqual(merged);
    }),
  );
});

test("results of different pictures are not merged", () => {
  const wanted = wantedOf([ImageFormat.PNG], true);
  const newer = resultFor(wanted, "newer");
  expect(mergeResults(resultFor(wanted, "older"), newer)).toBe(newer);
  expect(mergeResults(undefined, newer)).toBe(newer);
  const smaller: StepResult = { ...resultFor(wantedOf([ImageFormat.JPEG], false), "x"), widthPx: 1 };
  expect(mergeResults(smaller, newer)).toBe(newer);
});

test("the run that made the pixels stays in the provenance", () => {
  const older = resultFor(wantedOf([ImageFormat.PNG], true), "x");
  const newer = { ...resultFor(wantedOf([ImageFormat.JPEG], false), "x"), provenance: undefined };
  expect(mergeResults(older, newer).provenance).toEqual(older.provenance);
});
