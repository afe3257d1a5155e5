import type { Frame } from "@pixelmesh/imaging";
import sharp from "sharp";
import { expect, test } from "vitest";
import { checkMemory } from "../../../test/check-memory.ts";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { strokeReference } from "../../../test/reference/stroke.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = Record<string, number | string | boolean>;

function apply(frame: Frame, settings: Settings): Promise<Frame> {
  return applyChain(frame, parseEffects([toEffect("outline", settings)]));
}

/** Renders shapes of SVG, as librsvg draws them: white, with smooth edges. */
async function render(widthPx: number, heightPx: number, shapes: string): Promise<Frame> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">${shapes}</svg>`;
  const data = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();
  return { widthPx, heightPx, channels: 4, data };
}

const alphasOf = (frame: Frame) => toPixels(frame).map((pixel) => pixel[3]!);

type Case = {
  readonly width: number;
  readonly position: "outside" | "center" | "inside";
  readonly expand: boolean;
  readonly opacity?: number;
  readonly color?: string;
};

const cases: readonly Case[] = [
  { width: 0.5, position: "outside", expand: true },
  { width: 1, position: "inside", expand: true },
  { width: 2, position: "outside", expand: false },
  { width: 3.7, position: "outside", expand: true, opacity: 60, color: "#20c040" },
  { width: 3.7, position: "center", expand: true, opacity: 35, color: "#ff8000" },
  { width: 6, position: "center", expand: false, color: "#000000" },
  { width: 4.2, position: "inside", expand: false, opacity: 90, color: "#c00030" },
  { width: 21, position: "outside", expand: false },
  { width: 19, position: "inside", expand: false, color: "#00ffff" },
];

test.each([
  [1, 1],
  [1, 17],
  [17, 1],
  [23, 14],
  // Wider than the columns that the kernel works on together.
  [150, 9],
])("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const set of cases) {
      const { opacity = 100, color = "#ffffff" } = set;
      const outsidePx = { outside: set.width, center: set.width / 2, inside: 0 }[set.position];
      const marginPx = set.expand ? Math.ceil(outsidePx) : 0;
      const wanted = strokeReference(toRgba(picture), {
        ...{ width: set.width, position: set.position, marginPx, opacity: opacity / 100 },
        color: [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255),
      });
      const result = await apply(picture, set);
      const label = `${channels} ${JSON.stringify(set)}`;
      expect([result.widthPx, result.heightPx], label).toEqual([wanted.widthPx, wanted.heightPx]);
      expect(result.channels, label).toBe(marginPx === 0 && channels % 2 === 1 ? 3 : 4);
      // Half a level of rounding, and less than a hundredth from curves.
      expect(farthest(result, wanted), label).toBeLessThan(0.51);
    }
  }
});

test.each([
  ["a circle", '<circle cx="60" cy="60" r="22.3"', 1.5],
  ["a circle", '<circle cx="60" cy="60" r="22.3"', 12],
  ["a circle", '<circle cx="60" cy="60" r="22.3"', 29.4],
  ["a turned square", '<path d="M60 36 L84 60 L60 84 L36 60 Z"', 7],
  ["a triangle", '<path d="M40 38 L84 51 L47 80 Z"', 9.5],
  ["a steep triangle", '<path d="M50 38 L73 42 L58 80 Z"', 4.3],
  ["an upright rectangle", '<rect x="35" y="42" width="44" height="31"', 6.5],
])("outside of %s it is what librsvg draws", async (_name, shape, width) => {
  // Corners are round: one within a pixel has only its share of that pixel's alpha, not its place.
  const style = (lineWidth: number) =>
    `fill="#fff" stroke="#fff" stroke-width="${lineWidth}" stroke-linejoin="round"/>`;
  const object = await render(120, 120, `${shape} ${style(6)}`);
  const wanted = alphasOf(await render(120, 120, `${shape} ${style(6 + 2 * width)}`));
  const got = alphasOf(await apply(object, { width, expand: false }));
  const differences = got.map((alpha, i) => Math.abs(alpha - wanted[i]!) / 255);
  expect(Math.max(...differences)).toBeLessThan(0.25);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  // Over the length of a circle of its area, the edge lies within 0.07 px of the true one.
  const lengthPx = Math.sqrt((4 * Math.PI * sum(wanted)) / 255);
  expect(Math.abs(sum(got) - sum(wanted)) / 255 / lengthPx).toBeLessThan(0.07);
});

test("inside of a shape it leaves alpha as it is, and the shape without its edge", async () => {
  const object = await render(120, 120, '<circle cx="60" cy="60" r="40" fill="#00f"/>');
  const result = await apply(object, { width: 8, position: "inside", color: "#ff0000", opacity: 100 });
  expect([result.widthPx, result.heightPx]).toEqual([120, 120]);
  expect(alphasOf(result)).toEqual(alphasOf(object));
  toPixels(result).forEach((pixel, i) => {
    const distance = Math.hypot((i % 120) - 59.5, Math.floor(i / 120) - 59.5);
    if (distance < 30.5) expect(pixel).toEqual([0, 0, 255, 255]);
    if (distance > 33.5 && distance < 39) expect(pixel).toEqual([255, 0, 0, 255]);
  });
});

test("half of a stroke at the center is that of half its width outside", async () => {
  const object = await render(90, 90, '<path d="M25 20 L70 40 L30 72 Z" fill="#08f"/>');
  const center = await apply(object, { width: 9, position: "center" });
  const outside = await apply(object, { width: 4.5, position: "outside" });
  expect([center.widthPx, center.heightPx]).toEqual([100, 100]);
  expect(alphasOf(center)).toEqual(alphasOf(outside));
});

test("a haze of an eighth has no stroke, and an object of three eighths a full one", async () => {
  for (const [alpha, most] of [
    [0.12, 31],
    [0.38, 255],
  ] as const) {
    const faint = createFlat(60, 60, [9, 9, 9, 0]);
    for (let i = 0; i < 3_600; i += 7) faint.data[i * 4 + 3] = Math.round(alpha * 255);
    expect(Math.max(...alphasOf(await apply(faint, { width: 10 })))).toBe(most);
  }
});

test("an opaque picture gets a frame: outside on a larger canvas, or inside", async () => {
  const picture = createPicture(40, 30, 3);
  const outside = await apply(picture, { width: 5, color: "#102030" });
  expect([outside.widthPx, outside.heightPx, outside.channels]).toEqual([50, 40, 4]);
  const pixels = toPixels(outside);
  expect(pixels[5 * 50 + 0]).toEqual([0x10, 0x20, 0x30, 255]);
  toPixels(picture).forEach((pixel, i) => {
    const place = (Math.floor(i / 40) + 5) * 50 + (i % 40) + 5;
    expect(pixels[place]).toEqual([...pixel, 255]);
  });
  const inside = await apply(picture, { width: 5, color: "#102030", position: "inside" });
  expect([inside.widthPx, inside.heightPx, inside.channels]).toEqual([40, 30, 3]);
  toPixels(inside).forEach((pixel, i) => {
    const [x, y] = [i % 40, Math.floor(i / 40)];
    const isFrame = x < 5 || y < 5 || x >= 35 || y >= 25;
    expect(pixel).toEqual(isFrame ? [0x10, 0x20, 0x30] : toPixels(picture)[i]);
  });
  const hidden = await apply(picture, { width: 5, expand: false });
  expect(Buffer.compare(hidden.data, picture.data)).toBe(0);
});

test("no opacity and a transparent picture give no stroke", async () => {
  const picture = createPicture(30, 20, 4);
  for (const position of ["outside", "center", "inside"]) {
    const result = await apply(picture, { opacity: 0, position, expand: false });
    expect(Buffer.compare(result.data, picture.data)).toBe(0);
    expect(Math.max(...alphasOf(await apply(createFlat(20, 20, [255, 255, 255, 0]), { position })))).toBe(0);
  }
});

test("a shrunk picture has the margins of the full result, shrunk", () => {
  const effect = parseEffect(toEffect("outline", { width: 30 }));
  const whole = effect.work.resultShape({ widthPx: 1_600, heightPx: 1_200, channels: 4 });
  const small = effect.atScale(0.25).work.resultShape({ widthPx: 400, heightPx: 300, channels: 4 });
  expect(Math.abs(small.widthPx - whole.widthPx / 4)).toBeLessThanOrEqual(2);
});

test("the memory is what the effect declares: at most 3 KiB for each column of a large canvas, for any height", async () => {
  for (const settings of [
    {},
    { width: 0.5 },
    { width: 64 },
    { width: 64, position: "center" },
    { width: 64, position: "inside" },
  ])
    await checkMemory("outline", settings, 3 * 1_024);
});
