import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { type SketchSettings, sketchReference } from "../../../test/reference/edge-sketch.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

// Half a level from rounding, the rest from curves and sums in single precision, times the strength of lines.
const bound = 0.55;

function sketched(picture: Parameters<typeof applyChain>[0], one: SketchSettings, factor = 1) {
  return applyChain(picture, [parseEffect(toEffect("edge_sketch", one)).atScale(factor)]);
}

describe.each([
  [1, 1],
  [1, 37],
  [37, 1],
  [43, 21],
])("on a picture of %i×%i", (width, height) => {
  test.each([1, 2, 3, 4] as const)("results with %i channels are those of the reference", async (channels) => {
    const picture = createPicture(width, height, channels);
    for (const one of [
      {},
      { thickness: 0.5, shading: 100, strength: 0 },
      { thickness: 1, strength: 400, shading: 0 },
      { thickness: 5, paper: "#203040", pencil: "#ffee88" },
    ]) {
      expect(farthest(await sketched(picture, one), sketchReference(toRgba(picture), one))).toBeLessThan(bound);
    }
  });
});

test("a flat picture is bare paper", async () => {
  for (const grey of [0, 90, 255]) {
    const pixels = toPixels(await sketched(createFlat(20, 10, [grey, grey, grey]), { paper: "#fdfbf5" }));
    expect(pixels.every((pixel) => String(pixel) === String([0xfd, 0xfb, 0xf5]))).toBe(true);
  }
});

test("a line lies along an edge, as dark for any width of lines", async () => {
  const data = Uint8Array.from({ length: 80 * 5 }, (_, i) => (i % 80 < 40 ? 110 : 150));
  for (const thickness of [0.5, 2, 6]) {
    const result = await sketched(
      { ...createFlat(80, 5, [0]), data },
      { thickness, shading: 0, paper: "#ffffff", pencil: "#000000" },
    );
    const row = toPixels(result)
      .slice(160, 240)
      .map(([level]) => level!);
    const darkest = Math.min(...row);
    // Three times 40 levels; the gradient's own blur and the taps of a blur make it at most a fifth weaker or stronger.
    expect(255 - darkest).toBeGreaterThan(120 * 0.8);
    expect(255 - darkest).toBeLessThan(120 * 1.2);
    expect(Math.abs(row.indexOf(darkest) - 39)).toBeLessThanOrEqual(1);
    expect([row[0], row[79]]).toEqual([255, 255]);
  }
});

test("there is no line along the border of what is visible, in a preview of any size too", async () => {
  const picture = createFlat(20, 20, [0, 0, 0, 0]);
  for (let y = 5; y < 15; y++) for (let x = 5; x < 15; x++) picture.data.set([40, 40, 40, 255], (y * 20 + x) * 4);
  for (const thickness of [0.5, 1.5, 6, 12]) {
    for (const factor of [1, 0.5, 0.2, 0.05]) {
      const result = await sketched(picture, { thickness, paper: "#ffffff", pencil: "#000000" }, factor);
      const visible = toPixels(result).filter(([, , , alpha]) => alpha === 255);
      expect(visible.length).toBe(100);
      expect(visible.every(([red]) => red === 255)).toBe(true);
    }
  }
});

test("colours of invisible pixels have no effect on visible ones", async () => {
  const picture = createPicture(30, 20, 4);
  const hidden = { ...picture, data: picture.data.slice() };
  for (let i = 0; i < picture.data.length; i += 12) {
    picture.data[i + 3] = 0;
    hidden.data.set([255, 0, 255, 0], i);
  }
  const visible = (pixels: number[][]) => pixels.filter((pixel) => pixel[3] !== 0);
  for (const thickness of [0.5, 3]) {
    const [one, other] = [await sketched(picture, { thickness }), await sketched(hidden, { thickness })];
    expect(visible(toPixels(one))).toEqual(visible(toPixels(other)));
  }
});

test("after another effect, values are those of the floats between them", async () => {
  const picture = createPicture(37, 23, 4);
  const [first, second] = [{ thickness: 1 }, { thickness: 3, strength: 60 }];
  const chain = [first, second].map((one) => parseEffect(toEffect("edge_sketch", one)));
  const wanted = sketchReference(sketchReference(toRgba(picture), first), second);
  expect(farthest(await applyChain(picture, chain), wanted)).toBeLessThan(bound);
});
