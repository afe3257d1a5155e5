import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { type NoiseSettings, noiseReference, normalShare } from "../../../test/reference/glitch-noise.ts";
import { levelsApart, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { shakeReference } from "../../../test/reference/shake.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { normalQuantile } from "../glitch/normal.ts";

const byDefault: NoiseSettings = { kind: "gaussian", amount: 20, size: 1, monochrome: false, seed: 0 };

const settings: readonly Partial<NoiseSettings>[] = [
  {},
  { monochrome: true, amount: 100, seed: 2_147_483_647 },
  { size: 2.5, seed: 7 },
  { size: 32, monochrome: true },
  { kind: "salt_and_pepper" },
  { kind: "salt_and_pepper", amount: 100, size: 3, monochrome: true },
  { kind: "film_grain", amount: 60, size: 1.7 },
  { kind: "film_grain", amount: 100, monochrome: true, seed: 5 },
  { kind: "scan_lines", size: 3, seed: 9 },
  { kind: "scan_lines", amount: 100, monochrome: true },
  { amount: 0 },
];

test.each(sizes)("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = noiseReference(toPicture(picture), { ...byDefault, ...one });
      // Half a level of rounding, and floats; the table's deviation is made exact, which moves its last entries by a quarter level.
      expect(await levelsApart(picture, [toEffect("noise", one)], wanted)).toBeLessThan(0.8);
    }
  }
});

test("the normal quantile has its published values and inverts the distribution function", () => {
  // NIST/SEMATECH e-handbook, 1.3.6.7.1: critical values of the normal distribution.
  for (const [share, quantile] of [
    [0.5, 0],
    [0.9, 1.282],
    [0.95, 1.645],
    [0.975, 1.96],
    [0.99, 2.326],
    [0.995, 2.576],
    [0.999, 3.09],
  ] as const) {
    expect(normalQuantile(share)).toBeCloseTo(quantile, 3);
    expect(normalQuantile(1 - share)).toBeCloseTo(-quantile, 3);
  }
  for (const x of [-3.8, -2, -1.4, -0.3, 0.9, 1.5, 3.5]) expect(normalQuantile(normalShare(x))).toBeCloseTo(x, 4);
});

/** Returns the samples of a grey square with noise. */
async function samplesOf(grey: number, one: Partial<NoiseSettings>, side = 256): Promise<Uint8Array> {
  const effects = parseEffects([toEffect("noise", one)]);
  return (await applyChain(createFlat(side, side, [grey, grey, grey]), effects)).data;
}

/** Returns the pixels of a smaller one. */
async function noisy(grey: number, one: Partial<NoiseSettings>): Promise<number[][]> {
  const data = await samplesOf(grey, one, 64);
  return toPixels({ widthPx: 64, heightPx: 64, channels: 3, data });
}

function statistics(values: Iterable<number>): { mean: number; deviation: number } {
  let [count, sum, squares] = [0, 0, 0];
  for (const value of values) {
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(squares / count - mean * mean) };
}

test("gaussian noise has the mean of the picture, the set deviation, and the shares of a normal distribution", async () => {
  for (const amount of [8, 20, 40]) {
    const values = await samplesOf(128, { amount });
    const { mean, deviation } = statistics(values);
    const wanted = (amount / 200) * 255;
    // 196,608 samples: the standard error of the mean is a 443rd of the deviation, that of the deviation a 627th.
    expect(Math.abs(mean - 128)).toBeLessThan(4 * (wanted / 443));
    // 40 % reaches past black and white at 2.5 deviations, so that some is lost there.
    if (amount < 40) expect(Math.abs(deviation - wanted)).toBeLessThan(4 * (wanted / 627) + 0.02);
    const within = values.filter((value) => Math.abs(value - 128) < wanted).length / values.length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.02);
  }
});

test("channels are independent, or the same if the noise is monochrome", async () => {
  const data = await samplesOf(128, {});
  let product = 0;
  for (let i = 0; i < data.length; i += 3) product += (data[i]! - 128) * (data[i + 2]! - 128);
  // The deviation of each is 25.5; the standard error of their correlation a 256th.
  expect(Math.abs(product / 65_536 / 25.5 ** 2)).toBeLessThan(4 / 256);
  for (const kind of ["gaussian", "salt_and_pepper", "film_grain", "scan_lines"] as const) {
    const grey = await noisy(128, { kind, monochrome: true });
    expect(grey.every(([r, g, b]) => r === g && g === b)).toBe(true);
  }
});

test("neighbours are independent at size 1; larger grains are alike within a grain and as strong", async () => {
  const correlation = async (size: number) => {
    const values = (await samplesOf(128, { size })).filter((_, i) => i % 3 === 0);
    const { deviation } = statistics(values);
    let product = 0;
    for (let i = 0; i < values.length; i++) if (i % 256 < 255) product += (values[i]! - 128) * (values[i + 1]! - 128);
    return { deviation, correlation: product / (256 * 255) / deviation ** 2 };
  };
  expect(Math.abs((await correlation(1)).correlation)).toBeLessThan(4 / 256);
  const soft = await correlation(4);
  expect(soft.correlation).toBeGreaterThan(0.7);
  // 4,096 grains: the standard error is about a 90th.
  expect(Math.abs(soft.deviation / 25.5 - 1)).toBeLessThan(0.05);
});

test("salt and pepper replace the set share of pixels, half black and half white, and leave the others", async () => {
  for (const amount of [5, 30, 100]) {
    const data = await samplesOf(90, { kind: "salt_and_pepper", amount, monochrome: true });
    const share = (level: number) => data.filter((value) => value === level).length / data.length;
    // Four standard errors of a share of 65,536 pixels.
    const error = 4 * Math.sqrt((amount / 200) * (1 - amount / 200)) * (1 / 256);
    expect(Math.abs(share(0) - amount / 200)).toBeLessThan(error);
    expect(Math.abs(share(255) - amount / 200)).toBeLessThan(error);
    expect(share(0) + share(255) + share(90)).toBeCloseTo(1, 12);
  }
});

test("specks of a size are squares", async () => {
  const pixels = await noisy(90, { kind: "salt_and_pepper", amount: 50, size: 4 });
  pixels.forEach((pixel, i) => {
    const [x, y] = [i % 64, Math.floor(i / 64)];
    expect(pixel).toEqual(pixels[(y - (y % 4)) * 64 + x - (x % 4)]);
  });
});

test("film grain is strongest in mid-tones", async () => {
  const deviationAt = async (grey: number) =>
    statistics(await samplesOf(grey, { kind: "film_grain", amount: 20 })).deviation;
  const [dark, middle, light] = [await deviationAt(40), await deviationAt(128), await deviationAt(215)];
  // 0.1 × 255 × (0.25 + 3 v (1 - v)): 25.5 at v = ½, 16.5 at 40/255 and at 215/255.
  expect(middle).toBeCloseTo(25.5, 0);
  expect(dark).toBeGreaterThan(15);
  expect(dark).toBeLessThan(17);
  expect(Math.abs(dark - light)).toBeLessThan(0.5);
});

test("scan lines darken every second band, from half of the amount to all of it", async () => {
  const pixels = await noisy(200, { kind: "scan_lines", amount: 40, size: 2 });
  const depths = new Set<number>();
  for (const [i, value] of pixels.flat().entries()) {
    const isDark = Math.floor(i / (3 * 64)) % 4 >= 2;
    if (isDark) depths.add(value);
    else if (value !== 200) throw new Error(`Expected a bright row to stay, got ${value}`);
  }
  expect(Math.min(...depths)).toBeGreaterThanOrEqual(120);
  expect(Math.max(...depths)).toBeLessThanOrEqual(160);
  expect(depths.size).toBeGreaterThan(10);
});

test("the first grain is not an extreme one at either end of the seeds", async () => {
  for (const seed of [0, 2_147_483_647]) {
    const speck = { kind: "salt_and_pepper", amount: 1, size: 32, monochrome: true, seed } as const;
    expect((await noisy(90, speck))[0]).toEqual([90, 90, 90]);
    // An amount of 20 % has a deviation of 25.5.
    const [soft] = await noisy(128, { size: 32, seed });
    expect(Math.max(...soft!.map((value) => Math.abs(value - 128)))).toBeLessThan(2.5 * 25.5);
    const [sharp] = await noisy(128, { seed });
    expect(Math.max(...sharp!.map((value) => Math.abs(value - 128)))).toBeLessThan(2.5 * 25.5);
  }
});

test("the same seed repeats every byte, another one does not", async () => {
  for (const kind of ["gaussian", "salt_and_pepper", "film_grain", "scan_lines"] as const) {
    const once = await noisy(128, { kind, seed: 3 });
    expect(await noisy(128, { kind, seed: 3 })).toEqual(once);
    expect(await noisy(128, { kind, seed: 4 })).not.toEqual(once);
  }
});

test("a preview of half the size has the same grains", async () => {
  const [effect] = parseEffects([toEffect("noise", { kind: "salt_and_pepper", size: 8, amount: 50 })]);
  const full = await applyChain(createFlat(64, 64, [90, 90, 90]), [effect!]);
  const half = await applyChain(createFlat(32, 32, [90, 90, 90]), [effect!.atScale(0.5)]);
  const pixels = toPixels(full);
  expect(toPixels(half)).toEqual(
    Array.from({ length: 1024 }, (_, i) => pixels[Math.floor(i / 32) * 128 + (i % 32) * 2]),
  );
  await applyChain(createFlat(32, 32, [90, 90, 90]), [effect!.atScale(0.05)]);
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const shaken = { amount: 24, block: 16, density: 60, channels: 20, edge: "repeat", seed: 0 } as const;
  const chain = [toEffect("noise"), toEffect("shake")];
  const after = shakeReference(noiseReference(toPicture(picture), byDefault), shaken);
  expect(await levelsApart(picture, chain, after)).toBeLessThan(0.8);
  const before = noiseReference(shakeReference(toPicture(picture), shaken), byDefault);
  expect(await levelsApart(picture, chain.toReversed(), before)).toBeLessThan(0.8);
});
