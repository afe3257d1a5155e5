import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type Frame, isFrameFile, toWholeFrame } from "@pixelmesh/imaging";
import { testPicture } from "@pixelmesh/testing";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { applyInStrips } from "../../../test/strips.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";

type Settings = Readonly<Record<string, number>>;

const chainOf = (settings: Settings) => parseEffects([toEffect("jpeg_glitch", settings)]);
const glitched = (frame: Frame, settings: Settings) => applyChain(frame, chainOf(settings));

async function photograph(): Promise<Frame> {
  const { bytes } = await testPicture("still-life.jpg");
  const { data, info } = await sharp(bytes).resize(320).raw().toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, channels: 3, data: new Uint8Array(data) };
}

/** Returns the picture as sharp encodes and decodes it. */
async function roundTrip({ widthPx: width, heightPx: height, data }: Frame, quality: number): Promise<Buffer> {
  const chromaSubsampling = quality >= 90 ? "4:4:4" : "4:2:0";
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  const jpeg = await image.jpeg({ quality, chromaSubsampling, optimiseCoding: false }).toBuffer();
  return sharp(jpeg).raw().toBuffer();
}

test.each([1, 60, 89, 90, 100])("without damage it is the JPEG of quality %i", async (quality) => {
  const picture = await photograph();
  const { data } = await glitched(picture, { amount: 0, quality });
  expect(Buffer.compare(data, await roundTrip(picture, quality))).toBe(0);
});

test("the same seed gives the same picture, another seed another one", async () => {
  const picture = await photograph();
  const results = await Promise.all([1, 1, 2, 3].map((seed) => glitched(picture, { seed })));
  const [first, again, ...others] = results.map(({ data }) => Buffer.from(data).toString("base64"));
  expect(again).toBe(first);
  expect(new Set([first, ...others]).size).toBe(3);
});

test("the picture changes from `start` on, and more with a larger amount", async () => {
  const picture = await photograph();
  const plain = (await glitched(picture, { amount: 0 })).data;
  const firstChange = async (settings: Settings) => {
    const { data } = await glitched(picture, settings);
    return data.findIndex((value, i) => value !== plain[i]) / data.length;
  };
  // Half of the data reaches to somewhat below half of the height of this picture.
  expect(await firstChange({ start: 50, amount: 100 })).toBeGreaterThan(0.35);
  expect(await firstChange({ start: 50, amount: 100 })).toBeLessThan(0.7);
  expect(await firstChange({ amount: 100 })).toBeLessThan(0.1);
  expect(await firstChange({ amount: 500, start: 100 })).toBeLessThan(0);
  const distance = async (amount: number) => {
    const { data } = await glitched(picture, { amount, start: 10 });
    return data.reduce((sum, value, i) => sum + Math.abs(value - plain[i]!), 0) / data.length;
  };
  expect(await distance(3)).toBeGreaterThan(1);
  expect(await distance(300)).toBeGreaterThan(await distance(3));
});

test("whole blocks of the plain JPEG appear at other places", async () => {
  const picture = await photograph();
  const settings = { quality: 95, start: 20 };
  const plain = await glitched(picture, { ...settings, amount: 0 });
  const damaged = await glitched(picture, { ...settings, amount: 6 });
  // The differences of luma between neighbours in a block: they are the same wherever the block lies, however light it is.
  const detailOf = ({ data, widthPx }: Frame, left: number, top: number) => {
    const luma = (x: number, y: number) => {
      const i = (y * widthPx + x) * 3;
      return 0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!;
    };
    return Array.from({ length: 56 }, (_, i) => {
      const [x, y] = [left + 1 + (i % 7), top + Math.floor(i / 7)];
      return luma(x, y) - luma(x - 1, y);
    });
  };
  const blocks = Array.from({ length: 1_200 }, (_, i) => [(i % 40) * 8, Math.floor(i / 40) * 8] as const).filter(
    ([left, top]) => left + 8 <= picture.widthPx && top + 8 <= picture.heightPx,
  );
  const details = blocks.map(([left, top]) => detailOf(plain, left, top));
  const isSame = (one: number[], other: number[]) => one.every((value, i) => Math.abs(value - other[i]!) < 3);
  const moved = blocks.filter(([left, top], index) => {
    const here = detailOf(damaged, left, top);
    const isDetailed = Math.max(...here.map(Math.abs)) > 20;
    return isDetailed && !isSame(here, details[index]!) && details.some((detail) => isSame(here, detail));
  });
  expect(moved.length).toBeGreaterThan(10);
});

test("alpha is kept, and invisible colours change nothing", async () => {
  const picture = createPicture(61, 47, 4);
  const other = { ...picture, data: picture.data.slice() };
  for (let i = 0; i < other.data.length; i += 4) if (other.data[i + 3] === 0) other.data.fill(77, i, i + 3);
  for (const chain of [chainOf({}), [...parseEffects([toEffect("invert")]), ...chainOf({})]]) {
    const [one, two] = [await applyChain(picture, chain), await applyChain(other, chain)];
    expect(toPixels(one).map((pixel) => pixel[3])).toEqual(toPixels(picture).map((pixel) => pixel[3]));
    expect(Buffer.compare(one.data, two.data)).toBe(0);
  }
});

test("opaque pictures have the same colours with and without alpha", async () => {
  const picture = createPicture(50, 40, 3);
  const covered = createFlat(50, 40, [0, 0, 0, 255]);
  toPixels(picture).forEach((pixel, i) => {
    covered.data.set(pixel, i * 4);
  });
  const plain = toPixels(await glitched(picture, {}));
  expect(toPixels(await glitched(covered, {})).map((pixel) => pixel.slice(0, 3))).toEqual(plain);
});

test("strips, files and the place in a chain do not change it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "jpeg-glitch-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const invert = parseEffects([toEffect("invert")]);
  for (const channels of [2, 3, 4] as const) {
    const picture = createPicture(211, 163, channels);
    const chain = chainOf({ amount: 40 });
    const { data } = await applyChain(picture, chain);
    for (const rows of [1, 50]) expect(Buffer.compare((await applyInStrips(picture, chain, rows)).data, data)).toBe(0);
    const frameStore = createFrameStore(async () => dir, 0);
    const raster = await applyChainTo(picture, chain, frameStore);
    expect(isFrameFile(raster)).toBe(true);
    expect(Buffer.compare((await toWholeFrame(raster)).data, data)).toBe(0);
    await frameStore.close();
    // Twice inverted it is the same picture, as floats.
    const floats = await applyChain(picture, [...invert, ...invert, ...chain]);
    expect(Buffer.compare(floats.data, data)).toBe(0);
  }
});

test("a side that JPEG does not have is refused with the limit", async () => {
  const long = createFlat(65_501, 1, [120, 90, 60]);
  await expect(glitched(long, {})).rejects.toMatchObject({
    reason: "IMAGE_SIDE_TOO_LONG",
    metadata: { limit: "65500" },
    message: expect.stringContaining("65501x1"),
  });
  await expect(glitched(createFlat(65_500, 1, [120, 90, 60]), {})).resolves.toMatchObject({ widthPx: 65_500 });
});

test("an abort ends it with its reason", async () => {
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(applyChain(createPicture(50, 40, 3), chainOf({}), { signal })).rejects.toThrow("stopped");
});
