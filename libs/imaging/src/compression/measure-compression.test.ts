import { readFileSync } from "node:fs";
import sharp from "sharp";
import { expect, test } from "vitest";
import { defaultLimits } from "../limits.ts";
import { measureCompression } from "./measure-compression.ts";

const scene = sharp(readFileSync(new URL("../../../../examples/still-life.jpg", import.meta.url))).resize(640, 480);
const measure = (bytes: Uint8Array) => measureCompression(bytes, defaultLimits);
const jpeg = (quality: number) => scene.clone().jpeg({ quality }).toBuffer();

test("a JPEG has a quality, and every format has a blockiness", async () => {
  const low = await measure(await jpeg(30));
  expect(low.jpegQuality).toBe(30);
  const clean = await measure(await scene.clone().png().toBuffer());
  expect(clean.jpegQuality).toBeUndefined();
  expect(low.blockiness).toBeGreaterThan((clean.blockiness ?? 0) + 0.1);
});

test("a low JPEG that was stored again, as PNG or as a better JPEG, shows its blocks", async () => {
  const low = await jpeg(30);
  const { blockiness: own = 0 } = await measure(low);
  const again = await measure(await sharp(low).png().toBuffer());
  expect(again.blockiness).toBeCloseTo(own, 1);
  const better = await measure(await sharp(low).jpeg({ quality: 95 }).toBuffer());
  expect(better.jpegQuality).toBe(95);
  expect(better.blockiness).toBeCloseTo(own, 1);
});

test("alpha, 16 bits, CMYK, grey and orientation do not matter", async () => {
  const low = await jpeg(30);
  const { blockiness: own = 0 } = await measure(low);
  const variants = [
    sharp(low).ensureAlpha(0.5).png(),
    sharp(low).toColourspace("rgb16").png(),
    sharp(low).toColourspace("cmyk").tiff(),
    sharp(low).greyscale().png(),
    sharp(low).withMetadata({ orientation: 6 }).png(),
  ];
  for (const variant of variants) {
    const bytes = await variant.toBuffer();
    const { blockiness } = await measureCompression(bytes, { ...defaultLimits, allowTiff: true });
    expect(Math.abs((blockiness ?? 0) - own)).toBeLessThan(0.1);
  }
});

test("the pixels of a damaged file are not measured, and a file that is no picture is refused", async () => {
  const png = await scene.clone().png().toBuffer();
  expect(await measure(png.subarray(0, png.length / 8))).toEqual({ jpegQuality: undefined, blockiness: undefined });
  await expect(measure(Buffer.from("no picture"))).rejects.toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
});
