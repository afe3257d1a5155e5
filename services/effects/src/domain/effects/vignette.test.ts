import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { expectReference, mapColors, type Picture } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toEncoded, toLinear } from "../color/color.ts";

const byDefault = { amount: -60, size: 100, softness: 70, roundness: 0, center_x: 50, center_y: 50 };

function vignette(settings: Partial<typeof byDefault>): (picture: Picture) => Picture {
  const { amount, size, softness, roundness, center_x, center_y } = { ...byDefault, ...settings };
  return (picture) => {
    const { widthPx, heightPx } = picture;
    const circle = Math.sqrt(widthPx ** 2 + heightPx ** 2) / 2;
    const mixed = (ellipse: number) => ellipse * (1 - roundness / 100) + (circle * roundness) / 100;
    return mapColors(picture, (color, x, y) => {
      const right = x + 0.5 - (center_x / 100) * widthPx;
      const down = y + 0.5 - (center_y / 100) * heightPx;
      const distance = Math.hypot(right / mixed(widthPx / Math.SQRT2), down / mixed(heightPx / Math.SQRT2));
      const [from, to] = [(size / 100) * (1 - softness / 100), size / 100];
      const t = to > from ? Math.min(1, Math.max(0, (distance - from) / (to - from))) : Number(distance > from);
      const strength = ((Math.abs(amount) / 100) * t ** 2 * (3 - 2 * t)) as number;
      const end = amount > 0 ? 1 : 0;
      return color.map((sample) => toEncoded(toLinear(sample) * (1 - strength) + end * strength)) as never;
    });
  };
}

test.each([
  {},
  { amount: -100, size: 80 },
  { amount: 100, size: 120, softness: 100 },
  { amount: 40, roundness: 100 },
  { roundness: 35, center_x: 10, center_y: 90 },
  { size: 200, softness: 100 },
  { size: 60, softness: 0, amount: -37 },
  { size: 10, softness: 0, center_x: 0, center_y: 0 },
])("equals the reference with %j", async (settings) => {
  await expectReference("vignette", settings, vignette(settings));
});

test("the full amount is reached at the corners, and the middle stays as it is", async () => {
  const white = createFlat(401, 301, [255, 255, 255]);
  const pixels = toPixels(await applyChain(white, parseEffects([toEffect("vignette", { amount: -50 })])));
  // Half the light of white is 188 (IEC 61966-2-1).
  expect(Math.abs(pixels[0]![0]! - 188)).toBeLessThanOrEqual(1);
  expect(pixels[150 * 401 + 200]).toEqual([255, 255, 255]);
  const picture = createPicture(83, 41, 3);
  const same = toPixels(await applyChain(picture, parseEffects([toEffect("vignette")])));
  expect(same[20 * 83 + 41]).toEqual(toPixels(picture)[20 * 83 + 41]);
});

test("a vignette in the centre is the same from all four sides", async () => {
  const flat = createFlat(60, 44, [90, 140, 200]);
  const pixels = toPixels(await applyChain(flat, parseEffects([toEffect("vignette", { roundness: 50 })])));
  for (let y = 0; y < 44; y++)
    for (let x = 0; x < 60; x++) {
      expect(pixels[y * 60 + 59 - x]).toEqual(pixels[y * 60 + x]);
      expect(pixels[(43 - y) * 60 + x]).toEqual(pixels[y * 60 + x]);
    }
});
