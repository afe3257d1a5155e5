import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { changeLuminance, luminanceOf } from "../../../test/reference/luminance.ts";
import { expectReference, mapSamples, type Picture } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toEncoded } from "../color/color.ts";

// Filter Effects Module Level 1, feComponentTransfer, "discrete": for C in k/n to (k + 1)/n the result is value k.
const stepOf = (levels: number) => (value: number) => {
  const k = Math.min(levels - 1, Math.floor(value * levels + 1e-9));
  return k / (levels - 1);
};

/** Whether a value lies so near to the bound of a step that the rounding of floats decides. */
const isNear = (value: number, levels: number) => Math.abs(value * levels - Math.round(value * levels)) < 2e-3;

test.each([2, 3, 4, 17, 32])("equals the reference with %i levels", async (levels) => {
  const nearSamples = (picture: Picture) => (pixel: number) =>
    picture.colors[pixel]!.some((value) => isNear(value, levels) && !Number.isInteger(value * 255));
  await expectReference("posterize", { levels }, (picture) => mapSamples(picture, stepOf(levels)), nearSamples);
  const nearLuminance = (picture: Picture) => (pixel: number) =>
    isNear(toEncoded(luminanceOf(picture.colors[pixel]!)), levels);
  await expectReference(
    "posterize",
    { levels, mode: "luminance" },
    (picture) => changeLuminance(picture, stepOf(levels)),
    nearLuminance,
  );
});

test("greys have the same steps by luminance as by channels", async () => {
  const ramp = { ...createFlat(256, 1, [0]), data: Uint8Array.from({ length: 256 }, (_, value) => value) };
  for (const levels of [2, 3, 4, 5, 6, 15, 16, 17, 18, 32]) {
    const greys = async (mode: string) =>
      toPixels(await applyChain(ramp, parseEffects([toEffect("posterize", { levels, mode })]))).map(([red]) => red!);
    const wanted = await greys("rgb");
    // A value half-way between two bytes may be rounded either way.
    (await greys("luminance")).forEach((grey, i) => {
      expect(Math.abs(grey - wanted[i]!)).toBeLessThanOrEqual(1);
    });
  }
});

test("each channel has as many values as there are levels", async () => {
  for (const levels of [2, 5, 32]) {
    const result = await applyChain(createPicture(256, 64, 3), parseEffects([toEffect("posterize", { levels })]));
    const seen = new Set(toPixels(result).map(([red]) => red));
    expect(seen.size).toBe(levels);
    for (let k = 0; k < levels; k++) expect(seen.has(Math.round((255 * k) / (levels - 1)))).toBe(true);
  }
});
