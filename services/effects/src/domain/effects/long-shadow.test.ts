import type { Frame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { grownBytes } from "../../../test/grown-memory.ts";
import { createFlat, createPicture, toEffect } from "../../../test/pictures.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { shadowReference } from "../../../test/reference/shadow.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = Record<string, number | string | boolean>;

const noMargins = { left: 0, right: 0, top: 0, bottom: 0 };

function apply(frame: Frame, settings: Settings): Promise<Frame> {
  return applyChain(frame, parseEffects([toEffect("shadow", settings)]));
}

// Longer than the 80 px from which on the picture is read twice.
const longCases = [
  {
    set: { blur: 3, distance: 90, angle: 90, spread: 1.5 },
    right: 0,
    down: -90,
    margins: { left: 6, right: 6, top: 96, bottom: 0 },
  },
  { set: { blur: 0, distance: 90, angle: 270 }, right: 0, down: 90, margins: { ...noMargins, bottom: 90 } },
  {
    set: { blur: 5, distance: 81, angle: 180 },
    right: -81,
    down: 0,
    margins: { left: 89, right: 0, top: 8, bottom: 8 },
  },
  {
    set: { blur: 8, distance: 120, angle: 315, opacity: 80, color: "#2040c0" },
    ...{ right: 85, down: 85, margins: { left: 0, right: 97, top: 0, bottom: 97 } },
  },
  { set: { blur: 2, distance: 84, angle: 45, expand: false }, right: 59, down: -59, margins: noMargins },
] as const;

test.each([
  [1, 1],
  [1, 17],
  [90, 70],
])("a long shadow on %i×%i is that of the reference, also between other effects", async (width, height) => {
  for (const channels of [2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const { set, ...place } of longCases) {
      const given: Settings = set;
      const { opacity = 50, spread = 0, color = "#000000" } = given;
      const wanted = shadowReference(toRgba(picture), {
        ...place,
        ...{ opacity: Number(opacity) / 100, blur: set.blur, spread: Number(spread) },
        color: [1, 3, 5].map((at) => Number.parseInt(String(color).slice(at, at + 2), 16) / 255),
      });
      const result = await apply(picture, given);
      const label = `${channels} ${JSON.stringify(given)}`;
      expect([result.widthPx, result.heightPx], label).toEqual([wanted.widthPx, wanted.heightPx]);
      expect(farthest(result, wanted), label).toBeLessThan(0.51);
      const between = parseEffects([toEffect("color"), toEffect("shadow", given), toEffect("color")]);
      expect(Buffer.compare((await applyChain(picture, between)).data, result.data), label).toBe(0);
    }
  }
});

test("a long shadow is the short one, displaced further", async () => {
  const disc = createFlat(200, 200, [200, 60, 20, 0]);
  for (let i = 0; i < 200 * 200; i++)
    if (Math.hypot((i % 200) - 99.5, Math.floor(i / 200) - 99.5) < 20) disc.data[i * 4 + 3] = 255;
  const shadowOf = async (distance: number) => {
    const { data, widthPx } = await apply(disc, { blur: 6, distance, angle: 270, expand: false, opacity: 100 });
    // The column through the middle, below the disc.
    return Array.from({ length: 80 }, (_, y) => data[((y + 100) * widthPx + 100) * 4 + 3]!);
  };
  const [short, long] = [await shadowOf(80), await shadowOf(81)];
  // Both leave the disc behind.
  expect(long.slice(31)).toEqual(short.slice(30, -1));
  expect(Math.max(...long)).toBe(255);
});

test("the memory of a long shadow does not grow with its length or the picture's height", async () => {
  const shape = { widthPx: 3_000, heightPx: 400, channels: 4 } as const;
  const memoryOf = (distance: number, heightPx: number) =>
    parseEffect(toEffect("shadow", { distance, angle: 90, blur: 30 })).work.memory({ ...shape, heightPx });
  expect(memoryOf(500, 400)).toEqual(memoryOf(81, 40_000));
  const { workBytes, pictureBytes } = memoryOf(500, 400);
  expect(pictureBytes).toEqual([]);
  const picture = createFlat(shape.widthPx, shape.heightPx, [200, 60, 20, 255]);
  const chain = parseEffects([toEffect("shadow", { distance: 500, angle: 90, blur: 30 })]);
  // The strips of the chain, which all chains have, are some rows of the canvas.
  const strips = 64 * 4 * 3_200 + 4 * 65_536;
  expect(await grownBytes(() => applyChain(picture, chain))).toBeLessThan(workBytes + strips);
});
