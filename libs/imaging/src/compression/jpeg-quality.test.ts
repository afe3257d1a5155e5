import { readFileSync } from "node:fs";
import sharp from "sharp";
import { expect, test } from "vitest";
import { estimateJpegQuality } from "./jpeg-quality.ts";

const scene = sharp(readFileSync(new URL("../../../../examples/still-life.jpg", import.meta.url))).resize(64, 48);
const encode = (quality: number, more: object = {}) =>
  scene
    .clone()
    .jpeg({ quality, ...more })
    .toBuffer();

test("the quality of a file that libjpeg wrote is found exactly, at every quality", async () => {
  for (let quality = 1; quality <= 100; quality++) expect(estimateJpegQuality(await encode(quality))).toBe(quality);
});

test("sampling, progressive scans and grey do not matter", async () => {
  for (const more of [{ chromaSubsampling: "4:4:4" }, { progressive: true }]) {
    expect(estimateJpegQuality(await encode(37, more))).toBe(37);
  }
  expect(estimateJpegQuality(await scene.clone().greyscale().jpeg({ quality: 62 }).toBuffer())).toBe(62);
});

test("tables of other writers are compared by their steps", async () => {
  const estimates: number[] = [];
  for (const quality of [20, 40, 60, 80, 95]) {
    // mozjpeg's own table: ImageMagick's, for a display seen from afar.
    estimates.push(estimateJpegQuality(await encode(quality, { quantisationTable: 3 })) ?? 0);
  }
  expect(estimates).toEqual(estimates.toSorted((a, b) => a - b));
  expect(new Set(estimates).size).toBe(estimates.length);
});

test("tables of 16-bit steps are read", () => {
  const steps = Array.from({ length: 64 }, () => [0x01, 0x00]).flat();
  const table = [0xff, 0xdb, 0, 2 + 1 + 128, 0x10, ...steps];
  const frame = [0xff, 0xc1, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
  // 256 in each of 64 places is coarser than any table of libjpeg.
  expect(estimateJpegQuality(Uint8Array.from([0xff, 0xd8, ...table, ...frame, 0xff, 0xda, 0, 2]))).toBe(1);
});

test("a file without a table has no quality", async () => {
  expect(estimateJpegQuality(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9))).toBeUndefined();
  const cut = (await encode(50)).subarray(0, 25);
  expect(estimateJpegQuality(cut)).toBeUndefined();
});
