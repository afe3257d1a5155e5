import type { Frame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { countAllocated } from "../../../test/allocated-bytes.ts";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { contactReference } from "../../../test/reference/contact-shadow.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { createContactPainter } from "../composition/contact-painter.ts";

type Settings = Record<string, number | string | boolean>;

function apply(frame: Frame, settings: Settings): Promise<Frame> {
  return applyChain(frame, parseEffects([toEffect("shadow", { kind: "contact", ...settings })]));
}

/** Returns a transparent picture with opaque rectangles: left, top, width and height. */
function createObject(widthPx: number, heightPx: number, parts: readonly (readonly number[])[]): Frame {
  const frame = createFlat(widthPx, heightPx, [200, 60, 20, 0]);
  for (const [left, top, width, height] of parts as readonly (readonly [number, number, number, number])[])
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++) frame.data[(y * widthPx + x) * 4 + 3] = 255;
  return frame;
}

// A table: a plate on two legs, of which the second one is shorter.
const table = createObject(60, 50, [
  [8, 5, 44, 10],
  [10, 15, 6, 25],
  [42, 15, 7, 24],
]);

const cases = [
  { set: { blur: 0, distance: 6 }, margins: { left: 0, right: 0, bottom: 6 } },
  { set: { blur: 0, distance: 3.4, spread: 2.5, expand: false }, margins: { left: 0, right: 0, bottom: 0 } },
  { set: { blur: 3, distance: 4, footprint: 0 }, margins: { left: 5, right: 5, bottom: 9 } },
  {
    set: { blur: 7, distance: 12, spread: 4, footprint: 25, opacity: 90, color: "#2040c0" },
    margins: { left: 15, right: 15, bottom: 23 },
  },
  { set: { blur: 9, distance: 0, spread: 9 }, margins: { left: 23, right: 23, bottom: 14 } },
  { set: { blur: 12, distance: 30, spread: 1.5, expand: false }, margins: { left: 0, right: 0, bottom: 0 } },
] as const;

test.each([
  ["a table", table],
  ["noise", createPicture(23, 14, 4)],
  ["a pixel", createPicture(1, 1, 4)],
  ["a row", createPicture(17, 1, 4)],
  ["a column", createPicture(1, 17, 4)],
  ["grey with alpha", createPicture(15, 12, 2)],
  ["a picture without alpha", createPicture(15, 12, 3)],
  ["nothing visible", createFlat(9, 7, [255, 255, 255, 100])],
] as const)("the result for %s is that of the reference", async (label, picture) => {
  for (const { set, margins } of cases) {
    const given: Settings = set;
    const { opacity = 50, spread = 0, footprint = 5, color = "#000000" } = given;
    const wanted = contactReference(toRgba(picture), {
      ...{ margins, opacity: Number(opacity) / 100, blur: set.blur, spread: Number(spread), distance: set.distance },
      footprint: Number(footprint) / 100,
      color: [1, 3, 5].map((at) => Number.parseInt(String(color).slice(at, at + 2), 16) / 255),
    });
    const result = await apply(picture, given);
    expect([result.widthPx, result.heightPx], label).toEqual([wanted.widthPx, wanted.heightPx]);
    // Half a level of rounding, and less than a hundredth from curves and sums.
    expect(farthest(result, wanted), `${label} ${JSON.stringify(given)}`).toBeLessThan(0.51);
  }
});

/** The alpha of each row of a result. */
function alphaRows(frame: Frame): number[][] {
  const alphas = toPixels(frame).map((pixel) => pixel[3]!);
  return Array.from({ length: frame.heightPx }, (_, y) => alphas.slice(y * frame.widthPx, (y + 1) * frame.widthPx));
}

test("a shadow lies under the legs that reach the ground, and not above the footprint", async () => {
  const rows = alphaRows(await apply(table, { blur: 4, distance: 5, footprint: 10, opacity: 100, expand: false }));
  // The object is 35 rows high, so 3.5 rows rest on the ground, which is row 40.
  const before = alphaRows(table);
  for (let y = 0; y < 36; y++) expect(rows[y], `row ${y}`).toEqual(before[y]);
  // Below the leg on the ground it is darker than below the one that ends a row above.
  expect(rows[40]![13]).toBeGreaterThan(rows[40]![45]!);
  expect(rows[40]![45]).toBeGreaterThan(40);
  // Between the legs, below the plate, there is none.
  expect(rows[40]![29]).toBe(0);
});

test("a shadow never grows darker with the distance from the ground, and ends within its margins", async () => {
  for (const settings of [
    { blur: 0, distance: 9 },
    { blur: 3, distance: 20 },
    { blur: 16, distance: 6, spread: 7 },
    { blur: 24, distance: 40, footprint: 25 },
  ]) {
    const rows = alphaRows(await apply(table, { opacity: 100, ...settings }));
    expect(Math.max(...rows[40]!)).toBeGreaterThan(2);
    for (let y = 41; y < rows.length; y++)
      rows[y]!.forEach((alpha, x) => {
        expect(alpha, `${JSON.stringify(settings)} at ${x}, ${y}`).toBeLessThanOrEqual(rows[y - 1]![x]!);
      });
    // What a larger canvas would show is less than a step of 8 bits.
    expect(Math.max(...rows.at(-1)!, ...rows.flatMap((row) => [row[0]!, row.at(-1)!]))).toBeLessThanOrEqual(1);
  }
});

test("the pixels of the object stay as they are", async () => {
  const picture = createPicture(40, 30, 4);
  for (let i = 3; i < picture.data.length; i += 8) picture.data[i] = 255;
  const result = toPixels(await apply(picture, { expand: false, color: "#ff0000", opacity: 100, blur: 10 }));
  toPixels(picture).forEach((pixel, i) => {
    if (pixel[3] === 255) expect(result[i]).toEqual(pixel);
  });
});

test("no opacity gives no shadow", async () => {
  expect(Buffer.compare((await apply(table, { opacity: 0, expand: false })).data, table.data)).toBe(0);
});

test("the shadow of a disc is symmetric, flat, and darkest where the disc touches the ground", async () => {
  const side = 81;
  const disc = createFlat(side, side, [255, 255, 255, 0]);
  for (let i = 0; i < side * side; i++)
    if (Math.hypot((i % side) - 40, Math.floor(i / side) - 40) <= 30) disc.data[i * 4 + 3] = 255;
  const rows = alphaRows(await apply(disc, { blur: 2, distance: 40, footprint: 8, opacity: 100, expand: false }));
  const below = rows.slice(71);
  for (const row of below) expect(row).toEqual(row.toReversed());
  const darkest = below[0]!;
  expect(Math.max(...darkest)).toBe(darkest[40]);
  const wide = darkest.filter((alpha) => alpha > 12).length;
  const high = below.filter((row) => row[40]! > 12).length;
  // Half of the shape lies above the ground. It is at most half as high as wide, before the blur by 1 px.
  expect(2 * high).toBeLessThan(wide / 2 + 6);
  expect(wide).toBeGreaterThan(20);
});

test("after and before another effect, it is that of the floats between them", async () => {
  const pass = parseEffects([toEffect("color"), toEffect("shadow", { kind: "contact", blur: 5 }), toEffect("color")]);
  const result = await applyChain(table, pass);
  expect(Buffer.compare(result.data, (await apply(table, { blur: 5 })).data)).toBe(0);
});

test("the memory is at least what the painter allocates, and at most 3 KiB for each column of a large canvas", async () => {
  for (const settings of [{}, { blur: 0 }, { blur: 96, distance: 500, spread: 24, footprint: 25 }] as Settings[]) {
    const effect = parseEffect(toEffect("shadow", { kind: "contact", ...settings }));
    const shape = { widthPx: 16_384, heightPx: 4_096, channels: 4 } as const;
    const { workBytes, pictureBytes } = effect.work.memory(shape);
    const canvas = effect.work.resultShape(shape);
    expect(pictureBytes).toEqual([]);
    expect(workBytes / canvas.widthPx).toBeLessThan(3 * 1_024);
    const marginPx = (canvas.widthPx - shape.widthPx) / 2;
    const margins = { left: marginPx, right: marginPx, top: 0, bottom: canvas.heightPx - shape.heightPx };
    const footprint = { groundPx: 4_000, heightPx: 3_000, lowest: new Int32Array(shape.widthPx).fill(3_999) };
    const { blur = 20, distance = 16, spread = 0 } = settings;
    const shadow = {
      ...{ color: [0, 0, 0] as const, opacity: 1, sigmaPx: Number(blur) / 2, spreadPx: Number(spread) },
      ...{ halfPx: Number(distance), footprint: 0.25 },
    };
    const allocated = await countAllocated(async (space) => {
      await createContactPainter({ space, pace: async () => {} }, shadow, { footprint, canvas, margins });
    });
    // The stage's own rows of the canvas, and the search.
    expect(allocated + 3 * 16 * canvas.widthPx + 2 * 1024 * 1024, JSON.stringify(settings)).toBeLessThan(workBytes);
  }
});
