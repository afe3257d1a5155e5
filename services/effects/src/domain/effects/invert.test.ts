import sharp from "sharp";
import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { expectReference, mapColors, mapSamples } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { type Rgb, toEncoded, toLinear } from "../color/color.ts";
import { toOklab } from "../color/oklab.ts";

/** Linear sRGB of an OKLab colour, not limited: the matrices of B. Ottosson (2020). */
function toLinearRgb(lightness: number, a: number, b: number): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function invertLightness(color: Rgb, amount: number): Rgb {
  const [before, a, b] = toOklab(color);
  const after = Math.min(1, Math.max(0, before + (1 - 2 * before) * amount));
  const grey = after ** 3;
  const linear = toLinearRgb(after, a, b);
  const shares = linear.map((light) =>
    light > 1 ? (1 - grey) / (light - grey) : light < 0 ? grey / (grey - light) : 1,
  );
  const share = Math.min(...shares);
  return linear.map((light) => toEncoded(Math.min(1, Math.max(0, grey + (light - grey) * share)))) as unknown as Rgb;
}

test.each([0, 20, 50, 100])("equals the reference at %i %%", async (amount) => {
  const share = amount / 100;
  await expectReference("invert", { amount }, (picture) =>
    mapSamples(picture, (sample) => sample * (1 - share) + (1 - sample) * share),
  );
  await expectReference("invert", { amount, mode: "lightness" }, (picture) =>
    mapColors(picture, (color) => invertLightness(color, share)),
  );
});

test("the full negative of channels equals sharp's", async () => {
  const picture = createPicture(64, 33, 3);
  const raw = { width: 64, height: 33, channels: 3 } as const;
  const wanted = await sharp(picture.data, { raw }).negate().raw().toBuffer();
  expect(Buffer.compare((await applyChain(picture, parseEffects([toEffect("invert")]))).data, wanted)).toBe(0);
});

test("inverted lightness keeps hue, and black and white change places", async () => {
  const invert = parseEffects([toEffect("invert", { mode: "lightness" })]);
  const inverted = async (samples: number[]) => toPixels(await applyChain(createFlat(1, 1, samples), invert))[0]!;
  expect(await inverted([0, 0, 0])).toEqual([255, 255, 255]);
  expect(await inverted([255, 255, 255])).toEqual([0, 0, 0]);
  const hueOf = (pixel: readonly number[]) => {
    const [, a, b] = toOklab(pixel.map((value) => value / 255) as unknown as Rgb);
    return (Math.atan2(b, a) * 180) / Math.PI;
  };
  for (const pixel of [
    [120, 60, 60],
    [60, 110, 90],
    [70, 70, 130],
  ]) {
    expect(Math.abs(hueOf(await inverted(pixel)) - hueOf(pixel))).toBeLessThan(3);
  }
  // Grey of lightness 0.6 becomes 0.4: both are cubes in linear light.
  const encoded = (lightness: number) => Math.round(255 * toEncoded(lightness ** 3));
  const grey = encoded(0.6);
  expect(Math.abs((await inverted([grey, grey, grey]))[0]! - encoded(0.4))).toBeLessThanOrEqual(1);
  expect(toLinear(encoded(0.6) / 255)).toBeCloseTo(0.216, 2);
});
