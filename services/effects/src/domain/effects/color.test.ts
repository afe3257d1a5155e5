import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { color } from "../../../test/reference/color.ts";
import { expectReference } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

async function colorOf(samples: number[], settings: Record<string, number>): Promise<number[]> {
  const frame = await applyChain(createFlat(1, 1, samples), parseEffects([toEffect("color", settings)]));
  return toPixels(frame)[0]!;
}

test.each([
  { exposure: -4 },
  { exposure: 1.5 },
  { temperature: 100 },
  { temperature: -60, tint: 30 },
  { tint: -100 },
  { gamma: 0.2 },
  { gamma: 2.2 },
  { brightness: 130 },
  { contrast: 140 },
  { contrast: 0 },
  { hue: 90 },
  { hue: -180 },
  { saturation: 0 },
  { saturation: 400 },
  { vibrance: 100 },
  { vibrance: -100 },
  { exposure: 0.5, temperature: 20, gamma: 1.1, brightness: 90, contrast: 120, hue: 15, saturation: 130, vibrance: 30 },
])("equals the reference with %j", async (settings) => {
  await expectReference("color", settings, color(settings));
});

test("nothing changes by default, alone and between other effects", async () => {
  for (const channels of [3, 4] as const) {
    const picture = createPicture(83, 41, channels);
    const same = await applyChain(picture, parseEffects([toEffect("color")]));
    expect(Buffer.compare(same.data, picture.data)).toBe(0);
    const sepia = toEffect("sepia");
    const without = await applyChain(picture, parseEffects([sepia, sepia]));
    const between = await applyChain(picture, parseEffects([sepia, toEffect("color"), sepia]));
    expect(Buffer.compare(between.data, without.data)).toBe(0);
  }
});

test("a stop doubles linear light", async () => {
  // Half the light of white is 188 (IEC 61966-2-1), and a quarter 137.
  expect(await colorOf([188, 137, 137], { exposure: 1 })).toEqual([255, 188, 188]);
  expect(await colorOf([255, 188, 0], { exposure: -1 })).toEqual([188, 137, 0]);
});

test("hue, saturation, brightness and contrast are those of CSS", async () => {
  // By hand from the matrices of the W3C Filter Effects Module Level 1, for red.
  expect(await colorOf([255, 0, 0], { hue: 90 })).toEqual([0, 91, 0]);
  expect(await colorOf([255, 0, 0], { saturation: 0 })).toEqual([54, 54, 54]);
  expect(await colorOf([0, 255, 0], { saturation: 50 })).toEqual([91, 219, 91]);
  expect(await colorOf([200, 100, 20], { brightness: 150 })).toEqual([255, 150, 30]);
  expect(await colorOf([200, 100, 20], { contrast: 50 })).toEqual([164, 114, 74]);
});

test("gamma raises samples to its inverse", async () => {
  // (128 / 255) to the power of 1 / 2.2, times 255, is 186.4.
  expect(await colorOf([0, 128, 255], { gamma: 2.2 })).toEqual([0, 186, 255]);
});

test("warm and magenta shift greys as their names say and keep their luminance", async () => {
  const [warmR, warmG, warmB] = (await colorOf([120, 120, 120], { temperature: 60 })) as [number, number, number];
  expect(warmR).toBeGreaterThan(warmG);
  expect(warmG).toBeGreaterThan(warmB);
  const [coolR, , coolB] = (await colorOf([120, 120, 120], { temperature: -60 })) as [number, number, number];
  expect(coolB).toBeGreaterThan(coolR);
  const [magentaR, magentaG, magentaB] = (await colorOf([120, 120, 120], { tint: 60 })) as [number, number, number];
  expect(magentaG).toBeLessThan(Math.min(magentaR, magentaB));
  const [greenR, greenG, greenB] = (await colorOf([120, 120, 120], { tint: -60 })) as [number, number, number];
  expect(greenG).toBeGreaterThan(Math.max(greenR, greenB));
});

test("vibrance changes dull colours more than vivid ones and greys not at all", async () => {
  const spread = (pixel: number[]) => Math.max(...pixel) - Math.min(...pixel);
  const growth = async (pixel: number[]) => spread(await colorOf(pixel, { vibrance: 80 })) / spread(pixel);
  expect(await growth([140, 120, 110])).toBeGreaterThan(1.5);
  expect(await growth([220, 60, 40])).toBeLessThan(1.3);
  expect(await colorOf([90, 90, 90], { vibrance: 80 })).toEqual([90, 90, 90]);
});
