import type { Frame } from "@pixelmesh/imaging";
import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { createDots, heightOf } from "../../../test/reference/dot-screen.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { type Rgb, toEncoded, toLinear, toRgb } from "../color/color.ts";
import { type DotShape, dotShapes } from "../draw/dot-screen.ts";

type Settings = { mode?: "mono" | "cmyk"; cell?: number; angle?: number; shape?: DotShape; black?: number };

const plain = { paper: "#ffffff", ink: "#000000" };

async function print(frame: Frame, settings: Settings & { paper?: string; ink?: string }): Promise<Frame> {
  return applyChain(frame, parseEffects([toEffect("halftone", settings)]));
}

/** The effect on a whole picture, in doubles. */
function reference(frame: Frame, settings: Settings & { paper?: string; ink?: string }): number[][] {
  const {
    mode = "mono",
    cell = 8,
    angle = 45,
    shape = "round",
    black = 70,
    paper = "#ffffff",
    ink = "#14141c",
  } = settings;
  const light = toPixels(frame).map((pixel) => {
    const rgb = frame.channels < 3 ? [pixel[0], pixel[0], pixel[0]] : pixel.slice(0, 3);
    return rgb.map((value) => toLinear(value! / 255)) as unknown as Rgb;
  });
  const place = (i: number) => [i % frame.widthPx, Math.floor(i / frame.widthPx)] as const;
  if (mode === "mono") {
    const dots = createDots(shape, cell, angle);
    const [from, to] = [toRgb(paper)!, toRgb(ink)!];
    return light.map(([r, g, b], i) => {
      const cover = dots(...place(i), Math.max(0, 1 - (0.2126 * r + 0.7152 * g + 0.0722 * b)));
      return from.map((sample, c) => 255 * toEncoded(toLinear(sample) * (1 - cover) + toLinear(to[c]!) * cover));
    });
  }
  const screens = [15, 75, 0, 45].map((turn) => createDots(shape, cell, turn));
  return light.map((color, i) => {
    const inks = color.map((value) => 1 - value);
    const key = (black / 100) * Math.min(...inks);
    const rest = inks.map((value) => (key < 1 ? (value - key) / (1 - key) : 0));
    const covers = [...rest, key].map((tone, n) => screens[n]!(...place(i), tone));
    return [0, 1, 2].map((c) => 255 * toEncoded((1 - covers[c]!) * (1 - covers[3]!)));
  });
}

describe.each<Settings & { paper?: string; ink?: string }>([
  {},
  { cell: 2, angle: 0 },
  { cell: 3.3, angle: 77, shape: "diamond" },
  { cell: 64, angle: 90, shape: "line", paper: "#ffe0a0", ink: "#203080" },
  { mode: "cmyk" },
  { mode: "cmyk", black: 100, shape: "diamond", cell: 11 },
  { mode: "cmyk", black: 0, shape: "line", cell: 5 },
])("%o", (settings) => {
  // Tones between steps of the tables, and single floats: at the rim of a dot of 64 px these are up to a level.
  test("agrees with the reference to 1.5 levels", async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      for (const [width, height] of [
        [83, 41],
        [1, 1],
        [1, 37],
        [37, 1],
      ] as const) {
        const picture = createPicture(width, height, channels);
        const wanted = reference(picture, settings);
        const apart = toPixels(await print(picture, settings)).map((pixel, i) =>
          Math.max(...wanted[i]!.map((value, c) => Math.abs(value - pixel[c]!))),
        );
        expect(Math.max(...apart)).toBeLessThan(1.5);
      }
    }
  });

  test("with other effects before and after it, results are the same as of the effects one after another", async () => {
    const picture = createPicture(61, 33, 4);
    const [first, second] = [toEffect("black_and_white", { tint: "#3060c0" }), toEffect("dither", { levels: 16 })];
    const effect = toEffect("halftone", settings);
    const chain = await applyChain(picture, parseEffects([effect, first]));
    const apart = await applyChain(await print(picture, settings), parseEffects([first]));
    // A level of the halftone is rounded between the effects.
    expect(Math.max(...chain.data.map((value, i) => Math.abs(value - apart.data[i]!)))).toBeLessThanOrEqual(2);
    const both = await applyChain(picture, parseEffects([second, effect, second]));
    // The last effect prints sixteen greys.
    const greys = new Set(Array.from({ length: 16 }, (_, level) => 17 * level));
    for (const [red, green, blue] of toPixels(both)) expect([red, green, greys.has(blue!)]).toEqual([blue, blue, true]);
  });
});

const lightOf = Float64Array.from({ length: 256 }, (_, value) => toLinear(value / 255));

const meanLight = ({ data, channels }: Frame, c: number) => {
  let sum = 0;
  for (let i = c; i < data.length; i += channels) sum += lightOf[data[i]!]!;
  return (sum * channels) / data.length;
};

test.each(dotShapes)("the mean of a flat grey printed in %s dots equals its luminance", async (shape) => {
  for (const [cell, angle] of [
    [4, 15],
    [8, 45],
    [8, 0],
    [13, 22],
    [40, 75],
  ] as const) {
    for (const grey of [0, 12, 128, 188, 255]) {
      const mean = meanLight(
        await print(createFlat(160, 160, [grey, grey, grey]), { ...plain, shape, cell, angle }),
        0,
      );
      // Large dots are cut by the picture's edges: the bound grows with a cell's share of the picture.
      expect(Math.abs(mean - toLinear(grey / 255))).toBeLessThan(0.006 + cell / 1_500);
    }
  }
});

test("the mean of a flat colour printed in four inks is its light, at any share of black", async () => {
  for (const black of [0, 100]) {
    for (const color of [
      [200, 120, 60],
      [30, 90, 160],
      [128, 128, 128],
      [255, 255, 255],
      [0, 0, 0],
      [255, 0, 0],
    ]) {
      const result = await print(createFlat(240, 240, color), { mode: "cmyk", cell: 6, black });
      // Screens 30° apart are independent but for moiré.
      for (const c of [0, 1, 2]) expect(Math.abs(meanLight(result, c) - toLinear(color[c]! / 255))).toBeLessThan(0.012);
    }
  }
});

test("a pixel's cover is that of a dot drawn 16 times as fine", async () => {
  const [cell, tone] = [24, 0.3];
  // The height above which the spot function covers 30 % of a cell.
  const side = 480;
  const heights = Float64Array.from({ length: side * side }, (_, i) =>
    heightOf("round", ((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side),
  ).sort();
  const bound = heights[Math.round((1 - tone) * side * side)]!;
  const grey = toEncoded(1 - tone);
  const picture = createFlat(48, 48, [grey * 255, grey * 255, grey * 255].map(Math.round));
  const pixels = toPixels(await print(picture, { ...plain, cell, angle: 0 }));
  pixels.forEach(([value], i) => {
    let covered = 0;
    for (let part = 0; part < 256; part++) {
      const x = (i % 48) + ((part % 16) + 0.5) / 16;
      const y = Math.floor(i / 48) + (Math.floor(part / 16) + 0.5) / 16;
      if (heightOf("round", x / cell, y / cell) > bound) covered += 1 / 256;
    }
    // A ramp along the gradient is not exactly the cut of a square.
    expect(Math.abs(1 - toLinear(value! / 255) - covered)).toBeLessThan(0.13);
  });
});

test("paper stays paper and ink stays ink", async () => {
  const colors = { paper: "#ffe0a0", ink: "#203080" };
  const paper = toPixels(await print(createFlat(40, 40, [255, 255, 255]), colors));
  const ink = toPixels(await print(createFlat(40, 40, [0, 0, 0]), colors));
  expect(new Set(paper.map((pixel) => pixel.join()))).toEqual(new Set(["255,224,160"]));
  expect(new Set(ink.map((pixel) => pixel.join()))).toEqual(new Set(["32,48,128"]));
});

test("a preview whose cells would be below 2 px shows the tones", async () => {
  const [effect] = parseEffects([toEffect("halftone", plain)]);
  const picture = createFlat(16, 16, [90, 90, 90]);
  const shrunk = await applyChain(picture, [effect!.atScale(0.05)]);
  expect(shrunk.data.every((value) => Math.abs(value - 90) <= 1)).toBe(true);
});
