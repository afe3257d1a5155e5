import { expect, test } from "vitest";
import { didYouMean, nearestName } from "./nearest.ts";

const effects = ["black_and_white", "pop_art", "retro_8bit", "dither", "preset:vhs", "preset:newsprint"];

test.each([
  ["dihter", "dither"],
  ["pop-art", "pop_art"],
  ["retro8bit", "retro_8bit"],
  ["black_and_whit", "black_and_white"],
  ["DITHER", "dither"],
  ["pop", "pop_art"],
  ["vhs", "preset:vhs"],
  ["newsprnt", "preset:newsprint"],
  ["preset:newspint", "preset:newsprint"],
])("`%s` means `%s`", (typed, meant) => expect(nearestName(typed, effects)).toBe(meant));

test.each(["swirl", "", "x", "x".repeat(10_000)])("`%s` is near to no name", (typed) => {
  expect(nearestName(typed, effects)).toBeUndefined();
  expect(didYouMean(typed, effects)).toBe("");
});

test("the nearest of several names is returned", () => {
  expect(didYouMean("jpg", ["png", "jpeg"])).toBe(". Did you mean `jpeg`?");
});
