import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type Frame, memoryFrameStore, toWholeFrame } from "@pixelmesh/imaging";
import { expect, onTestFinished, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { mapCells } from "../../../test/reference/cells.ts";
import { encodedOf, linearOf } from "../../../test/reference/curves.ts";
import { popArt } from "../../../test/reference/pop-art.ts";
import type { Row } from "../../../test/reference/rows.ts";
import { applyInStrips } from "../../../test/strips.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";
import { colorwayOf, createInks, type InkPalette } from "../draw/ink-ramps.ts";

type Palette = InkPalette | "original";
type Settings = Readonly<Record<string, number | string>>;

const palettes: readonly Palette[] = ["comic", "screenprint", "neon", "mint", "mono", "original"];
const plain = {
  palette: "comic" as Palette,
  levels: 4,
  saturation: 110,
  dot_size: 8,
  dot_angle: 45,
  outline: 70,
  outline_width: 1,
};

const pop = (frame: Frame, settings: Settings) => applyChain(frame, parseEffects([toEffect("pop_art", settings)]));

async function* rowsOf(data: Float32Array, samples: number): AsyncGenerator<Row> {
  for (let at = 0; at < data.length; at += samples) yield data.slice(at, at + samples);
}

/** The small copy: means of cells in linear light, laid on white. */
async function shrink({ widthPx, heightPx, channels, data }: Frame, cellPx: number): Promise<Float32Array> {
  const copy: number[] = [];
  const floats = Float32Array.from(data, (value) => value / 255);
  const cells = mapCells({ widthPx, heightPx, channels: channels as 3 | 4 }, cellPx, (row) => {
    for (let i = 0; i < row.length; i += channels) {
      const alpha = channels === 4 ? row[i + 3]! : 1;
      for (let c = 0; c < 3; c++) {
        const onWhite = Math.min(1, Math.max(0, 1 - alpha * (1 - linearOf(row[i + c]!))));
        copy.push(alpha === 1 ? row[i + c]! : encodedOf(onWhite));
      }
    }
  });
  for await (const _row of cells(rowsOf(floats, widthPx * channels)));
  return Float32Array.from(copy);
}

/** The whole picture of tiles, as bytes of red, green and blue: each pixel is looked up in the print of its tile. */
async function tiled(frame: Frame, settings: typeof plain, grid: number): Promise<number[][]> {
  const { widthPx, heightPx } = frame;
  const shape = { widthPx: Math.ceil(widthPx / grid), heightPx: Math.ceil(heightPx / grid), channels: 3 } as const;
  const copy = await shrink(frame, grid);
  const prints: Float32Array[] = [];
  for (let tile = 0; tile < grid * grid; tile++) {
    const { palette, turn } = colorwayOf(settings.palette, grid, tile);
    const rows: number[] = [];
    const print = popArt({ ...settings, palette }, shape, turn);
    for await (const row of print(rowsOf(copy, shape.widthPx * 3))) rows.push(...row);
    prints.push(Float32Array.from(rows));
  }
  const edges = (side: number) => Array.from({ length: grid + 1 }, (_, i) => Math.round((i * side) / grid));
  const [lefts, tops] = [edges(widthPx), edges(heightPx)];
  return Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const column = lefts.findLastIndex((left) => left <= x);
    const row = tops.findLastIndex((top) => top <= y);
    const at = ((y - tops[row]!) * shape.widthPx + x - lefts[column]!) * 3;
    const print = prints[row * grid + column]!;
    return [0, 1, 2].map((c) => Math.floor(Math.fround(print[at + c]!) * 255 + 0.5));
  });
}

const sizes = [
  [64, 48],
  [67, 41],
  [5, 9],
  [1, 1],
  [1, 13],
  [3, 2],
] as const;

test.each(sizes)("%i×%i: each tile is the print of the small copy in its inks", async (width, height) => {
  for (const channels of [3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const grid of [2, 3, 4]) {
      for (const palette of palettes.filter((name) => name !== "original")) {
        const settings = { ...plain, palette, outline_width: 1 + (grid % 3), dot_size: grid * 3 };
        const result = toPixels(await pop(picture, { ...settings, grid }));
        expect(result.map((pixel) => pixel.slice(0, 3))).toEqual(await tiled(picture, settings, grid));
        if (channels === 4) expect(result.map((pixel) => pixel[3])).toEqual(toPixels(picture).map((pixel) => pixel[3]));
      }
    }
  }
});

test("with the picture's own colours, each tile is the print of the copy with turned hues", async () => {
  const picture = createPicture(60, 40, 3);
  const settings = { palette: "original", grid: 2, dot_size: 0, outline: 0 };
  const result = await pop(picture, settings);
  const copy = await shrink(picture, 2);
  const small: Frame = {
    widthPx: 30,
    heightPx: 20,
    channels: 3,
    data: Uint8Array.from(copy, (value) => Math.round(value * 255)),
  };
  for (const tile of [0, 1, 2, 3]) {
    const turned = parseEffects([
      toEffect("color", { hue: tile === 3 ? -90 : tile * 90 }),
      toEffect("pop_art", { ...settings, grid: 1 }),
    ]);
    const wanted = toPixels(await applyChain(small, turned));
    const [left, top] = [(tile % 2) * 30, Math.floor(tile / 2) * 20];
    const own = toPixels(result).filter((_, i) => {
      const [x, y] = [(i % 60) - left, Math.floor(i / 60) - top];
      return x >= 0 && x < 30 && y >= 0 && y < 20;
    });
    // The copy here is rounded to bytes, which moves a few samples over a step.
    const different = own.filter((pixel, i) => pixel.join() !== wanted[i]!.join());
    expect(different.length).toBeLessThan(0.03 * own.length);
  }
});

test("no two tiles have the same inks, and the first has those of the palette", () => {
  for (const palette of palettes) {
    for (const grid of [1, 2, 3, 4]) {
      const ways = Array.from({ length: grid * grid }, (_, tile) => colorwayOf(palette, grid, tile));
      expect(ways[0]).toEqual({ palette, turn: 0 });
      expect(new Set(ways.map(({ palette: name, turn }) => `${name} ${turn}`)).size).toBe(grid * grid);
      if (palette === "original") continue;
      const inks = ways.map(({ palette: name, turn }) => createInks(name as InkPalette, 4, 1, turn));
      expect(
        new Set(
          inks.map((ink) =>
            ink
              .flat()
              .map((value) => Math.round(value * 255))
              .join(),
          ),
        ).size,
      ).toBe(grid * grid);
      // Tones keep their order: each ink is lighter than the one before.
      for (const ramp of inks) {
        const lightness = ramp.map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue);
        expect(lightness[0]).toBeLessThan(lightness.at(-1)!);
      }
      const isAbove = ways.some(({ palette: name }, tile) => ways[tile + grid]?.palette === name);
      if (palette !== "mono") expect(isAbove).toBe(false);
    }
  }
});

test("one tile is the print as it was, and needs no whole picture", async () => {
  const [once, four] = parseEffects([toEffect("pop_art"), toEffect("pop_art", { grid: 2 })]);
  expect([once!.work.needsPicture, four!.work.needsPicture]).toEqual([false, true]);
  const picture = createPicture(31, 22, 4);
  expect((await pop(picture, { grid: 1 })).data).toEqual((await pop(picture, {})).data);
});

test("strips, files and the place in a chain do not change it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pop-art-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const chain = parseEffects([toEffect("pop_art", { grid: 3, outline_width: 8 })]);
  const invert = parseEffects([toEffect("invert")]);
  for (const channels of [2, 3, 4] as const) {
    const picture = createPicture(211, 163, channels);
    const { data } = await applyChain(picture, chain);
    for (const rows of [1, 7, 163])
      expect(Buffer.compare((await applyInStrips(picture, chain, rows)).data, data)).toBe(0);
    const frameStore = createFrameStore(async () => dir, 0);
    expect(Buffer.compare((await toWholeFrame(await applyChainTo(picture, chain, frameStore))).data, data)).toBe(0);
    await frameStore.close();
    expect(Buffer.compare((await applyChain(picture, [...invert, ...invert, ...chain])).data, data)).toBe(0);
  }
});

test("what is invisible is white in its tile, and its colour has no part", async () => {
  const flat = { palette: "mono", grid: 2, outline: 0, dot_size: 0, levels: 2 };
  const clear = createFlat(8, 8, [10, 200, 30, 0]);
  // Of the inks of a tile the last one prints white: white itself in the first tile, and coloured paper in the others.
  const pixels = toPixels(await pop(clear, flat));
  expect(pixels[0]).toEqual([255, 255, 255, 0]);
  for (const pixel of pixels) expect(Math.max(...pixel.slice(0, 3))).toBeGreaterThan(200);
  const other = createFlat(8, 8, [250, 0, 255, 0]);
  expect((await pop(other, flat)).data).toEqual((await pop(clear, flat)).data);
});

test("its stages take no more memory than it declares", async () => {
  const shape = { widthPx: 4_096, heightPx: 64, channels: 3 } as const;
  for (const grid of [2, 3, 4]) {
    const settings = { grid, outline_width: 8, dot_size: 64, palette: "original" };
    const [effect] = parseEffects([toEffect("pop_art", settings)]);
    const space = openKernelSpace();
    let bytes = 0;
    const counted: typeof space = {
      ...space,
      allocate(count) {
        bytes += count;
        return space.allocate(count);
      },
      constant(table) {
        bytes += table.byteLength;
        return space.constant(table);
      },
    };
    const picture = createPicture(4_096, 64, 3);
    const prepared = await effect!.work.prepare({
      shape,
      picture: {
        shape,
        format: "bytes",
        channels: 3,
        readRows: async (top, count) => picture.data.subarray(top * 12_288, (top + count) * 12_288),
      },
      pictures: [],
      frameStore: memoryFrameStore,
      space: counted,
      pace: async () => {},
      signal: undefined,
    });
    const target = { place: () => 0, emit() {} };
    prepared.createStage!({ space: counted, shape: prepared.picture!.shape, from: "floats", to: "bytes" }, target);
    expect(bytes).toBeLessThan(effect!.work.memory(shape).workBytes);
    expect(bytes).toBeGreaterThan(4_096 * 100);
    await prepared.close?.();
    space.close();
  }
});
