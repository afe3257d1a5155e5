import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type Frame, toWholeFrame } from "@pixelmesh/imaging";
import { expect, onTestFinished, test } from "vitest";
import { grownBytes } from "../../../test/grown-memory.ts";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { levelsApart, type Picture, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { type PixelSortSettings, pixelSortReference } from "../../../test/reference/pixel-sort.ts";
import { shakeReference } from "../../../test/reference/shake.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";
import { chainNeed } from "../chain-need.ts";

const byDefault: PixelSortSettings = { by: "luminance", low: 25, high: 80, direction: "rising", length: 0 };

const settings: readonly Partial<PixelSortSettings>[] = [
  {},
  { direction: "falling", low: 0, high: 100 },
  { by: "hue", low: 0, high: 100 },
  { by: "hue", direction: "falling" },
  { by: "saturation", length: 7 },
  { length: 7.4 },
  { length: 0.3 },
  { by: "saturation", direction: "falling", low: 0, high: 100, length: 50 },
  { length: 1 },
  { low: 100 },
  { high: 0 },
];

test.each([...sizes, [700, 3]] as const)("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = pixelSortReference(toPicture(picture), { ...byDefault, ...one });
      // Samples are moved, not changed; both round the same doubles to keys.
      expect([one, (await levelsApart(picture, [toEffect("pixel_sort", one)], wanted)) < 1e-4]).toEqual([one, true]);
    }
  }
});

/** Returns a picture with rows and columns exchanged. */
function transposed<P extends Frame | Picture>(picture: P): P {
  const { widthPx, heightPx, channels } = picture;
  const samples = "data" in picture ? picture.data : picture.samples;
  const turned = samples.map((_, at) => {
    const [pixel, c] = [Math.floor(at / channels), at % channels];
    return samples[((pixel % heightPx) * widthPx + Math.floor(pixel / heightPx)) * channels + c]!;
  });
  const changed = "data" in picture ? { data: turned } : { samples: turned };
  return { ...picture, widthPx: heightPx, heightPx: widthPx, ...changed };
}

test.each([...sizes, [130, 70]] as const)(
  "sorted columns of %i×%i are the rows of the transposed picture",
  async (width, height) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const picture = createPicture(width, height, channels);
      for (const one of settings) {
        const columns = await applyChain(picture, parseEffects([toEffect("pixel_sort", { ...one, axis: "columns" })]));
        const rows = await applyChain(transposed(picture), parseEffects([toEffect("pixel_sort", one)]));
        expect([one, Buffer.compare(columns.data, transposed(rows).data)]).toEqual([one, 0]);
      }
    }
  },
);

test("columns are sorted from top to bottom", async () => {
  const column = {
    widthPx: 1,
    heightPx: 4,
    channels: 3,
    data: Uint8Array.from(greys(150, 100, 120, 0).flat()),
  } as const;
  const sortedColumn = (one: Partial<PixelSortSettings>) =>
    applyChain(column, parseEffects([toEffect("pixel_sort", { ...one, axis: "columns" })]));
  expect(toPixels(await sortedColumn({}))).toEqual(greys(100, 120, 150, 0));
  expect(toPixels(await sortedColumn({ direction: "falling" }))).toEqual(greys(150, 120, 100, 0));
});

test("columns of pictures in files are sorted as those in memory, before and after other effects", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pixel-sort-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const picture = createPicture(90, 75, 4);
  const effects = [toEffect("shake"), toEffect("pixel_sort", { axis: "columns" }), toEffect("shake", { seed: 3 })];
  const frameStore = createFrameStore(async () => dir, 0);
  const result = await toWholeFrame(await applyChainTo(picture, parseEffects(effects), frameStore));
  await frameStore.close();
  const byShake = { amount: 24, block: 16, density: 60, channels: 20, edge: "repeat", seed: 0 } as const;
  const shaken = shakeReference(toPicture(picture), byShake);
  const wanted = transposed(pixelSortReference(transposed(shaken), byDefault));
  const { samples } = shakeReference(wanted, { ...byShake, seed: 3 });
  expect([...result.data]).toEqual([...samples].map((value) => Math.round(255 * value)));
});

test("sorting columns takes no more memory than it declares", async () => {
  for (const [width, height] of [
    [12_000, 40],
    [40, 12_000],
  ] as const) {
    const picture = createPicture(width, height, 4);
    const effects = parseEffects([toEffect("invert"), toEffect("pixel_sort", { axis: "columns" })]);
    const grown = await grownBytes(() => applyChain(picture, effects));
    expect(grown).toBeLessThanOrEqual(chainNeed(effects, picture).workBytes);
    // 64 rows of floats, some of them in memory of earlier work.
    expect(grown).toBeGreaterThan(64 * 12_000 * 16 - 8 * 2 ** 20);
  }
});

/** Returns a picture of one row. */
function toRow(pixels: readonly (readonly number[])[]): Frame {
  const frame = createFlat(pixels.length, 1, pixels[0]!);
  frame.data.set(pixels.flat());
  return frame;
}

async function sorted(
  pixels: readonly (readonly number[])[],
  one: Partial<PixelSortSettings> = {},
): Promise<number[][]> {
  return toPixels(await applyChain(toRow(pixels), parseEffects([toEffect("pixel_sort", one)])));
}

const greys = (...levels: number[]) => levels.map((level) => [level, level, level]);

test("runs between the limits are sorted; darker and brighter pixels stay", async () => {
  const row = greys(150, 100, 0, 140, 130, 120, 255, 90, 80, 40);
  expect(await sorted(row)).toEqual(greys(100, 150, 0, 120, 130, 140, 255, 80, 90, 40));
  expect(await sorted(row, { direction: "falling" })).toEqual(greys(150, 100, 0, 140, 130, 120, 255, 90, 80, 40));
  // 20 % is 51, 40 % is 102: both limits belong to a run.
  expect(await sorted(greys(102, 51, 103, 60, 50), { low: 20, high: 40 })).toEqual(greys(51, 102, 103, 60, 50));
  expect(await sorted(greys(255, 0, 128), { low: 0, high: 100 })).toEqual(greys(0, 128, 255));
});

test("a limited run is cut into parts of its length", async () => {
  expect(await sorted(greys(120, 110, 100, 90, 80), { length: 2 })).toEqual(greys(110, 120, 90, 100, 80));
});

test("hue follows the circle from red to magenta, saturation the distance from grey", async () => {
  const wheel = [
    [200, 40, 180],
    [40, 60, 200],
    [40, 200, 190],
    [60, 200, 40],
    [200, 190, 40],
    [200, 40, 40],
  ];
  expect(await sorted(wheel, { by: "hue", low: 0, high: 100 })).toEqual(wheel.toReversed());
  const faint = [
    [200, 40, 40],
    [120, 120, 120],
    [120, 100, 110],
    [200, 120, 100],
  ];
  const rising = [faint[1], faint[2], faint[3], faint[0]];
  expect(await sorted(faint, { by: "saturation", low: 0, high: 100 })).toEqual(rising);
});

test("pixels with the same key keep their order, in short and long runs, rising and falling", async () => {
  for (const count of [30, 500]) {
    // The hue of greys is 0 for all.
    const row = Array.from({ length: count }, (_, i) => greys(80 + ((i * 37) % 90))[0]!);
    expect(await sorted(row, { by: "hue" })).toEqual(row);
    expect(await sorted(row, { by: "hue", direction: "falling" })).toEqual(row);
  }
});

test("invisible pixels stay and end a run; alpha does not move", async () => {
  const row = [
    [150, 150, 150, 255],
    [90, 90, 90, 7],
    [140, 1, 2, 0],
    [130, 130, 130, 1],
    [120, 120, 120, 255],
  ];
  expect(await sorted(row)).toEqual([
    [90, 90, 90, 255],
    [150, 150, 150, 7],
    [140, 1, 2, 0],
    [120, 120, 120, 1],
    [130, 130, 130, 255],
  ]);
});

test("each row keeps its pixels", async () => {
  const picture = createPicture(300, 4, 3);
  const result = toPixels(await applyChain(picture, parseEffects([toEffect("pixel_sort", { low: 0, high: 100 })])));
  for (let y = 0; y < 4; y++) {
    const rowOf = (pixels: number[][]) =>
      pixels
        .slice(y * 300, (y + 1) * 300)
        .map((pixel) => pixel.join())
        .sort();
    expect(rowOf(result)).toEqual(rowOf(toPixels(picture)));
  }
});

test("a limit of a preview is at least a pixel, not none", async () => {
  const [effect] = parseEffects([toEffect("pixel_sort", { length: 4 })]);
  const row = greys(120, 110, 100, 90, 80);
  expect(toPixels(await applyChain(toRow(row), [effect!.atScale(0.05)]))).toEqual(row);
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const shaken = { amount: 24, block: 16, density: 60, channels: 20, edge: "repeat", seed: 0 } as const;
  const chain = [toEffect("pixel_sort"), toEffect("shake")];
  const after = shakeReference(pixelSortReference(toPicture(picture), byDefault), shaken);
  expect(await levelsApart(picture, chain, after)).toBeLessThan(1e-4);
  const before = pixelSortReference(shakeReference(toPicture(picture), shaken), byDefault);
  expect(await levelsApart(picture, chain.toReversed(), before)).toBeLessThan(1e-4);
});
