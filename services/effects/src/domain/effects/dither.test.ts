import { expect, test } from "vitest";
import { toPaletteEffect } from "../../../test/palette-effects.ts";
import { createFlat, createPicture, toPixels } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toLinear, toRgb } from "../color/color.ts";
import { paletteNames, palettes } from "../color/palettes.ts";

const diffusing = ["floyd_steinberg", "jarvis", "stucki", "burkes", "sierra", "sierra_two_row", "sierra_lite"];
const methods = [...diffusing, "atkinson", "bayer2", "bayer4", "bayer8", "blue_noise", "threshold"];

const lightOf = Float64Array.from({ length: 256 }, (_, value) => toLinear(value / 255));

async function dithered(frame: ReturnType<typeof createPicture>, settings: Record<string, number | string | boolean>) {
  return applyChain(frame, parseEffects([toPaletteEffect("dither", settings)]));
}

test.each(methods)("%s uses only the allowed levels, in grey and in colour", async (method) => {
  for (const levels of [2, 3, 16]) {
    const allowed = new Set(Array.from({ length: levels }, (_, i) => Math.floor((255 * i) / (levels - 1) + 0.5)));
    const grey = toPixels(await dithered(createPicture(40, 30, 3), { method, levels }));
    expect(grey.every(([r, g, b]) => r === g && g === b && allowed.has(r!))).toBe(true);
    const color = await dithered(createPicture(40, 30, 3), { method, levels, mode: "color" });
    expect(color.data.every((value) => allowed.has(value))).toBe(true);
  }
});

// Not the other methods: Atkinson drops a quarter of each error, a 2×2 matrix has only four thresholds, and `threshold` has one.
test.each([...diffusing, "bayer8", "blue_noise"])("%s keeps a flat tone's mean in linear light", async (method) => {
  for (const grey of [20, 90, 128, 200, 245]) {
    const { data } = await dithered(createFlat(128, 128, [grey, grey, grey]), { method, levels: 3 });
    const mean = data.reduce((sum, value) => sum + lightOf[value]!, 0) / data.length;
    expect(Math.abs(mean - toLinear(grey / 255))).toBeLessThan(0.012);
  }
});

test("without linear light the mean of the encoded values is kept", async () => {
  const { data } = await dithered(createFlat(128, 128, [90, 90, 90]), { linear_light: false });
  expect(data.reduce((sum, value) => sum + value, 0) / data.length).toBeCloseTo(90, -0.3);
});

test("a scale prints dots of that size", async () => {
  const { data } = await dithered(createPicture(30, 30, 3), { scale: 5 });
  for (let y = 0; y < 30; y++) {
    for (let x = 0; x < 30; x++) {
      const corner = ((y - (y % 5)) * 30 + x - (x % 5)) * 3;
      expect(data[(y * 30 + x) * 3]).toBe(data[corner]);
    }
  }
});

test("dark and light are the colours of the lowest and highest level", async () => {
  const pixels = toPixels(await dithered(createPicture(40, 30, 3), { dark: "#102030", light: "#fff0e0" }));
  const seen = new Set(pixels.map((pixel) => pixel.join()));
  expect([...seen].sort()).toEqual(["16,32,48", "255,240,224"]);
});

test("colours under transparent pixels do not affect visible ones", async () => {
  const picture = createFlat(32, 32, [128, 128, 128, 255]);
  const other = createFlat(32, 32, [128, 128, 128, 255]);
  for (let i = 0; i < picture.data.length; i += 8) {
    picture.data.set([255, 255, 255, 0], i);
    other.data.set([0, 0, 0, 0], i);
  }
  const [a, b] = [await dithered(picture, {}), await dithered(other, {})].map(toPixels);
  expect(a!.filter(([, , , alpha]) => alpha === 255)).toEqual(b!.filter(([, , , alpha]) => alpha === 255));
});

test.each(paletteNames)("with the palette %s, every method prints only its colours", async (palette) => {
  const allowed = new Set(
    palettes[palette].colors.map((text) =>
      toRgb(text)!
        .map((value) => value * 255)
        .join(),
    ),
  );
  for (const method of methods) {
    for (const linear_light of [true, false]) {
      const pixels = toPixels(await dithered(createPicture(40, 30, 3), { method, palette, linear_light }));
      expect(pixels.filter((pixel) => !allowed.has(pixel.join()))).toEqual([]);
    }
  }
});

// Not Atkinson and 2×2, as above. Patterns of 16 candidates are coarser than errors that are passed on.
test.each([
  ...diffusing.map((method) => [method, 0.012] as const),
  ["bayer4", 0.03] as const,
  ["bayer8", 0.03] as const,
  ["blue_noise", 0.03] as const,
])("%s keeps the mean light of a colour within a palette", async (method, bound) => {
  for (const color of [
    [140, 120, 110],
    [60, 90, 120],
    [180, 170, 90],
  ]) {
    const pixels = toPixels(await dithered(createFlat(128, 128, color), { method, palette: "cga" }));
    for (const c of [0, 1, 2]) {
      const mean = pixels.reduce((sum, pixel) => sum + lightOf[pixel[c]!]!, 0) / pixels.length;
      expect(Math.abs(mean - toLinear(color[c]! / 255))).toBeLessThan(bound);
    }
  }
});

test("a palette of black and white prints as two levels of grey do in the mean", async () => {
  const settings = { palette: "custom", colors: "#000000 #ffffff" };
  for (const grey of [30, 128, 230]) {
    const flat = createFlat(128, 128, [grey, grey, grey]);
    const mean = async (given: Record<string, string>) => {
      const { data } = await dithered(flat, given);
      return data.reduce((sum, value) => sum + value, 0) / data.length / 255;
    };
    expect(Math.abs((await mean(settings)) - (await mean({})))).toBeLessThan(0.012);
  }
});

test("errors of colours outside a palette are used up within a few pixels", async () => {
  // Pure red lies outside the colours of the NES.
  const picture = createFlat(64, 64, [128, 128, 128]);
  for (let i = 0; i < 64 * 64; i++) if (i % 64 < 32) picture.data.set([255, 0, 0], i * 3);
  for (const linear_light of [true, false]) {
    const pixels = toPixels(await dithered(picture, { palette: "nes", serpentine: false, linear_light }));
    const toValue = (sample: number) => (linear_light ? toLinear(sample / 255) : sample / 255);
    const beyond = pixels.filter((_, i) => i % 64 >= 40);
    for (const c of [0, 1, 2]) {
      const mean = beyond.reduce((sum, pixel) => sum + toValue(pixel[c]!), 0) / beyond.length;
      expect(Math.abs(mean - toValue(128))).toBeLessThan(0.03);
    }
  }
});

test("a picture of few colours keeps each pixel with its adaptive palette, also as floats and with alpha", async () => {
  const colors = ["#102040", "#e04020", "#f0f0d0", "#30a060", "#8050c0"];
  const invert = parseEffects([{ name: "invert", parameters: {} }]);
  for (const channels of [3, 4] as const) {
    const picture = createFlat(40, 30, [0, 0, 0, 200].slice(0, channels));
    for (let i = 0; i < 1_200; i++)
      picture.data.set(
        (toRgb(colors[((i * i) % 7) % 5]!) as readonly number[]).map((value) => Math.round(value * 255)),
        i * channels,
      );
    for (const method of ["threshold", "floyd_steinberg", "bayer4"]) {
      const chain = parseEffects([toPaletteEffect("dither", { palette: "adaptive", adaptive_colors: 5, method })]);
      expect((await applyChain(picture, chain)).data).toEqual(picture.data);
      expect((await applyChain(picture, [...invert, ...invert, ...chain])).data).toEqual(picture.data);
    }
  }
});

test("an adaptive palette prints at most so many colours", async () => {
  for (const count of [2, 7, 256]) {
    const settings = { palette: "adaptive", adaptive_colors: count };
    const pixels = toPixels(await dithered(createPicture(83, 41, 3), settings));
    const seen = new Set(pixels.map((pixel) => pixel.join()));
    expect(seen.size).toBeLessThanOrEqual(count);
    expect(seen.size).toBeGreaterThan(count / 2);
  }
});
