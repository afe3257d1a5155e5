import { createFrameSource, type Frame, memoryFrameStore, resizeFrame } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { testPicture } from "@pixelmesh/testing";
import sharp from "sharp";
import { expect, test } from "vitest";
import { createFlat, createPicture } from "../../../test/pictures.ts";
import { medianCut } from "../../../test/reference/median-cut.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import type { Rgb } from "../color/color.ts";
import { toOklab } from "../color/oklab.ts";
import { hash32 } from "../draw/noise.ts";
import { chooseColors, isAdaptive, paletteMemory } from "./picture-palette.ts";
import { type PictureRows, toPictureRows } from "./picture-rows.ts";
import { stageMemory } from "./prepared-effect.ts";

async function paletteOfRows(picture: PictureRows, count: number): Promise<readonly Rgb[]> {
  const space = openKernelSpace();
  try {
    const { shape } = picture;
    const rest = { pictures: [], frameStore: memoryFrameStore, space, pace: createPace(), signal: undefined };
    const settings = { palette: "adaptive", colors: [], adaptive_colors: count };
    return (await chooseColors(settings, { shape, picture, ...rest })).colors;
  } finally {
    space.close();
  }
}

const paletteOf = (frame: Frame, count: number) => paletteOfRows(toPictureRows(createFrameSource(frame)), count);

const toHex = (color: Rgb) =>
  `#${color
    .map((value) =>
      Math.round(value * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
const toBytes = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

async function photograph(name: string, widthPx: number): Promise<Frame> {
  const { bytes } = await testPicture(name);
  const { data, info } = await sharp(bytes).resize(widthPx).raw().toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, channels: 3, data: new Uint8Array(data) };
}

const labsOf = ({ data }: Frame) =>
  Array.from({ length: data.length / 3 }, (_, i) =>
    toOklab([data[3 * i]! / 255, data[3 * i + 1]! / 255, data[3 * i + 2]! / 255]),
  );

const squareOf = (one: readonly number[], other: readonly number[]) =>
  (one[0]! - other[0]!) ** 2 + (one[1]! - other[1]!) ** 2 + (one[2]! - other[2]!) ** 2;

/** Returns the mean of the squares of the distances in OKLab to the nearest color. */
function errorOf(labs: readonly (readonly number[])[], palette: readonly (readonly number[])[]): number {
  return labs.reduce((sum, lab) => sum + Math.min(...palette.map((color) => squareOf(lab, color))), 0) / labs.length;
}

/** Returns the colours of sharp's palette without dithering: libimagequant. */
async function imagequant({ widthPx: width, heightPx: height, data }: Frame, colours: number) {
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ palette: true, colours, dither: 0, effort: 10 })
    .toBuffer();
  const { data: pixels } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const keys = new Set(Array.from({ length: pixels.length / 3 }, (_, i) => pixels.readUIntBE(3 * i, 3)));
  return [...keys].map((key) => toOklab([(key >> 16) / 255, ((key >> 8) & 255) / 255, (key & 255) / 255]));
}

test.each(["still-life.jpg", "portrait-object.jpg"])(
  "%s: the error is not above that of median cut and of libimagequant",
  async (name) => {
    const picture = await photograph(name, 200);
    const labs = labsOf(picture);
    const error = async (count: number) => {
      const palette = await paletteOf(picture, count);
      expect(palette.length).toBeLessThanOrEqual(count);
      return errorOf(
        labs,
        palette.map((color) => toOklab(color)),
      );
    };
    for (const count of [2, 3, 5, 8, 16, 40, 100, 256])
      expect(await error(count), `${count} colours`).toBeLessThan(errorOf(labs, medianCut(labs, count)));
    for (const count of [2, 4, 16, 256]) {
      // Some counts give more colours than they say, up to a whole number of bits.
      const quantized = await imagequant(picture, count);
      expect(await error(quantized.length), `${count} colours`).toBeLessThan(errorOf(labs, quantized));
    }
  },
);

test("a picture of few colours has exactly these, also beside each other, at any place and in any number", async () => {
  const few = ["#101010", "#111111", "#12ff01", "#ff0080", "#fe0080"];
  const many = Array.from({ length: 256 }, (_, i) => toHex([i / 255, (hash32(i) % 256) / 255, 0.5]));
  for (const colors of [few, many]) {
    for (const channels of [3, 4] as const) {
      const picture = createFlat(700, 500, [0, 0, 0, 255].slice(0, channels));
      for (let i = 0; i < 350_000; i++) {
        // All but one of the colours occur once, in the last row.
        const color = i < 350_000 - colors.length ? colors[0]! : colors[350_000 - 1 - i]!;
        picture.data.set(toBytes(color), i * channels);
      }
      for (const count of [colors.length, 256])
        expect((await paletteOf(picture, count)).map(toHex).sort()).toEqual([...colors].sort());
    }
  }
});

test("invisible pixels have no part, and faint ones have their share", async () => {
  const hidden = createPicture(64, 64, 4);
  for (let i = 0; i < hidden.data.length; i += 4) hidden.data[i + 3] = i < 64 * 64 * 2 ? 0 : 255;
  const other = { ...hidden, data: hidden.data.slice() };
  for (let i = 0; i < 64 * 64 * 2; i += 4) other.data.set([i % 251, i % 13, 200], i);
  expect(await paletteOf(other, 6)).toEqual(await paletteOf(hidden, 6));
  // Two shades of one colour, which a third of the weight pulls by a third.
  const pair = createFlat(99, 10, [100, 100, 100, 255]);
  for (let i = 0; i < 990; i++) {
    if (i % 2 === 1) pair.data.set([104, 104, 104, 127], i * 4);
    if (i % 33 === 0) pair.data.set([250, 250, 250, 255], i * 4);
  }
  const [dark] = (await paletteOf(pair, 2)).map((color) => color[0] * 255).sort((one, next) => one - next);
  expect(dark).toBe(101);
  expect(await paletteOf(createFlat(9, 9, [50, 60, 70, 0]), 4)).toEqual([[0, 0, 0]]);
});

test("grey, alpha and floats of the same picture have the same palette, again and again", async () => {
  const grey = createPicture(80, 60, 1);
  const wanted = await paletteOf(grey, 7);
  expect(wanted.every(([red, green, blue]) => red === green && green === blue)).toBe(true);
  expect(await paletteOf(grey, 7)).toEqual(wanted);
  const rgba = createFlat(80, 60, [0, 0, 0, 255]);
  grey.data.forEach((value, i) => {
    rgba.data.fill(value, i * 4, i * 4 + 3);
  });
  expect(await paletteOf(rgba, 7)).toEqual(wanted);
  const floats = Float32Array.from(rgba.data, (value) => value / 255);
  const stride = 80 * 16;
  const rows: PictureRows = {
    shape: { widthPx: 80, heightPx: 60, channels: 4 },
    format: "floats",
    channels: 4,
    readRows: async (top, count) => new Uint8Array(floats.buffer, top * stride, count * stride),
  };
  expect(await paletteOfRows(rows, 7)).toEqual(wanted);
});

test("the palette of a small copy is nearly as good for the picture as its own", async () => {
  const picture = await photograph("still-life.jpg", 900);
  const copy = await resizeFrame(picture, 300, Math.round((300 * picture.heightPx) / picture.widthPx));
  const labs = labsOf(await resizeFrame(picture, 150, 100));
  for (const count of [4, 16, 64]) {
    const [own, ofCopy] = await Promise.all(
      [picture, copy].map(async (frame) => (await paletteOf(frame, count)).map((color) => toOklab(color))),
    );
    expect(errorOf(labs, ofCopy!)).toBeLessThan(1.15 * errorOf(labs, own!));
  }
});

test("only the adaptive palette reads the picture and takes memory", () => {
  const shape = { widthPx: 100, heightPx: 100, channels: 3 } as const;
  const fixed = { palette: "nes", colors: [], adaptive_colors: 16 };
  const adaptive = { ...fixed, palette: "adaptive" };
  expect([isAdaptive(fixed), isAdaptive(adaptive)]).toEqual([false, true]);
  expect(paletteMemory(fixed, shape)).toEqual(stageMemory(shape));
  // The histogram alone has a mebibyte.
  const more = paletteMemory(adaptive, shape).workBytes - stageMemory(shape).workBytes;
  expect(more).toBeGreaterThan(2 ** 20);
});
