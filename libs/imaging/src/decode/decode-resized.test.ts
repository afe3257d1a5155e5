import { readFile } from "node:fs/promises";
import type { Sharp } from "sharp";
import { expect, test } from "vitest";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { sharp } from "../engine/engine.ts";
import { createFrame, type Frame } from "../frames/frame.ts";
import { type FrameStore, memoryFrameStore } from "../frames/frame-store.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import { defaultLimits } from "../limits.ts";
import { resizeFrame } from "../transform/resize.ts";
import { decodePicture, openEncoded } from "./decode.ts";
import type { Sides } from "./shrink-on-load.ts";

const [width, height] = [1_200, 896];
const END = Uint8Array.of(0xff, 0xd9);
const scene = await readFile(new URL("../../../../examples/still-life.jpg", import.meta.url));
const pixels = await sharp(scene).resize(width, height, { fit: "fill" }).raw().toBuffer();
const photo = () => sharp(pixels, { raw: { width, height, channels: 3 } });

async function decodeSmall(file: Uint8Array, target: Sides, frameStore: FrameStore) {
  return (await openEncoded(file, defaultLimits)).decode(frameStore, target);
}

/** Decodes at a size with a frame store that has files; copies the pixels. */
async function small(file: Uint8Array, target: Sides): Promise<Frame> {
  let frame: Frame | undefined;
  await withFrameStore(2 ** 26, async (frameStore) => {
    const { widthPx, heightPx, channels, data } = await toWholeFrame(
      (await decodeSmall(file, target, frameStore)).raster,
    );
    frame = createFrame(widthPx, heightPx, channels, data.slice());
  });
  return frame as Frame;
}

/** Decodes the whole picture, then resizes. */
async function wholeThenSmall(file: Uint8Array, { widthPx, heightPx }: Sides): Promise<Frame> {
  return resizeFrame((await decodePicture(file, defaultLimits)).frame, widthPx, heightPx);
}

/** Peak signal-to-noise ratio of two frames in dB. */
function psnr(a: Frame, b: Frame): number {
  expect([a.widthPx, a.heightPx, a.channels]).toEqual([b.widthPx, b.heightPx, b.channels]);
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) sum += ((a.data[at] as number) - (b.data[at] as number)) ** 2;
  return sum === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 ** 2 * a.data.length) / sum);
}

/** Expects two frames of the same size with the same samples. Quicker than `toEqual`, which compares sample by sample. */
function expectSame(found: Frame, { widthPx, heightPx, channels, data }: Frame): void {
  expect([found.widthPx, found.heightPx, found.channels]).toEqual([widthPx, heightPx, channels]);
  expect(Buffer.compare(found.data, data)).toBe(0);
}

async function outcomeOf(decoding: Promise<{ notices: readonly { kind: string }[] }>): Promise<string> {
  return decoding.then(
    ({ notices }) => notices.map(({ kind }) => kind).join() || "whole",
    (error: { reason: string }) => error.reason,
  );
}

const jpegs: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  "with chroma halved": (image) => image.jpeg({ quality: 92 }),
  "with full chroma": (image) => image.jpeg({ quality: 92, chromaSubsampling: "4:4:4" }),
  progressive: (image) => image.jpeg({ quality: 92, progressive: true }),
  "of grey": (image) => image.toColourspace("b-w").jpeg({ quality: 92 }),
  "with a wide gamut": (image) => image.withIccProfile("p3").jpeg({ quality: 92 }),
};

for (const [name, make] of Object.entries(jpegs)) {
  test(`a JPEG ${name} that is shrunk while it is decoded is within 45 dB of a whole decode and a resize`, async () => {
    const file = await make(photo()).toBuffer();
    const whole = (await decodePicture(file, defaultLimits)).frame;
    for (const target of [
      { widthPx: 75, heightPx: 56 },
      { widthPx: 160, heightPx: 119 },
      { widthPx: 300, heightPx: 224 },
    ]) {
      const [got, wanted] = [await small(file, target), await resizeFrame(whole, target.widthPx, target.heightPx)];
      expect(psnr(got, wanted)).toBeGreaterThan(45);
      // It is no whole decode.
      expect(psnr(got, wanted)).toBeLessThan(60);
    }
  });
}

test("a small sharp JPEG that is shrunk while it is decoded is within 42 dB of a whole decode and a resize", async () => {
  const file = await sharp(scene).resize(400, 304, { fit: "fill" }).jpeg({ quality: 92 }).toBuffer();
  for (const target of [
    { widthPx: 106, heightPx: 81 },
    { widthPx: 101, heightPx: 77 },
  ]) {
    const value = psnr(await small(file, target), await wholeThenSmall(file, target));
    expect(value).toBeGreaterThan(42);
    expect(value).toBeLessThan(60);
  }
});

test("a JPEG of at most eight rows with chroma halved is equal to a whole decode and a resize", async () => {
  const noise = Uint8Array.from({ length: 400 * 7 * 3 }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 24);
  const file = await sharp(noise, { raw: { width: 400, height: 7, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
  const target = { widthPx: 399, heightPx: 6 };
  expectSame(await small(file, target), await wholeThenSmall(file, target));
});

test("an intact grey JPEG whose only component has sampling factors has no notice, at any size", async () => {
  const grey = photo().resize(160, 120, { fit: "fill" }).toColourspace("b-w");
  const file = await grey.jpeg({ quality: 92 }).toBuffer();
  const frameAt = file.indexOf(Buffer.from([0xff, 0xc0]));
  expect(file[frameAt + 9]).toBe(1);
  const plain = (await decodePicture(file, defaultLimits)).frame;
  file[frameAt + 11] = 0x22;
  const whole = await decodePicture(file, defaultLimits);
  expect([whole.notices, whole.frame]).toEqual([[], plain]);
  await withFrameStore(2 ** 26, async (frameStore) => {
    expect((await decodeSmall(file, { widthPx: 40, heightPx: 30 }, frameStore)).notices).toEqual([]);
  });
});

test("a JPEG of CMYK is decoded at full size, within 50 dB of a whole decode and a resize", async () => {
  const file = await photo().toColourspace("cmyk").jpeg({ quality: 92 }).toBuffer();
  const target = { widthPx: 160, heightPx: 119 };
  expect(psnr(await small(file, target), await wholeThenSmall(file, target))).toBeGreaterThan(50);
});

test.each([2, 3, 4, 5, 6, 7, 8])("a JPEG of orientation %i is upright", async (orientation) => {
  const file = await photo().withMetadata({ orientation }).jpeg({ quality: 92 }).toBuffer();
  const target = orientation >= 5 ? { widthPx: 119, heightPx: 160 } : { widthPx: 160, heightPx: 119 };
  expect(psnr(await small(file, target), await wholeThenSmall(file, target))).toBeGreaterThan(45);
});

const others: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  PNG: (image) => image.png(),
  "PNG with alpha": (image) => image.ensureAlpha(0.4).png(),
  "PNG of grey": (image) => image.toColourspace("b-w").png(),
  "PNG of 16 bits": (image) => image.toColourspace("rgb16").png(),
  "PNG with a wide gamut": (image) => image.withIccProfile("p3").png(),
  "grey PNG with a profile": (image) => image.toColourspace("b-w").withIccProfile("p3").png(),
  WebP: (image) => image.webp(),
  "WebP with alpha": (image) => image.ensureAlpha(0.4).webp(),
  GIF: (image) => image.resize(400).gif(),
  AVIF: (image) => image.resize(400).avif({ effort: 0 }),
};

for (const [name, make] of Object.entries(others)) {
  test(`a ${name} that is decoded at a size is equal to a whole decode and a resize`, async () => {
    const file = await make(photo()).toBuffer();
    const target = { widthPx: 233, heightPx: 175 };
    expectSame(await small(file, target), await wholeThenSmall(file, target));
  });
}

test("without files, and for sides that leave too little or no whole pixels, a JPEG is decoded at full size", async () => {
  const file = await photo().jpeg({ quality: 92 }).toBuffer();
  const target = { widthPx: 160, heightPx: 119 };
  const { raster } = await decodeSmall(file, target, memoryFrameStore);
  expectSame(await toWholeFrame(raster), await wholeThenSmall(file, target));
  const wide = { widthPx: 650, heightPx: 485 };
  expectSame(await small(file, wide), await wholeThenSmall(file, wide));
  const odd = await photo().extract({ left: 0, top: 0, width: 1_197, height: 893 }).jpeg().toBuffer();
  expectSame(await small(odd, target), await wholeThenSmall(odd, target));
});

test("sides that are not smaller than the picture's are resized from the whole picture", async () => {
  const file = await photo().resize(64, 48).jpeg().toBuffer();
  const target = { widthPx: 100, heightPx: 30 };
  expectSame(await small(file, target), await wholeThenSmall(file, target));
});

for (const [name, make] of Object.entries(jpegs)) {
  test(`missing data of a JPEG ${name} is found as in a whole decode, wherever the file is cut`, async () => {
    const file = await make(photo().resize(208, 160, { fit: "fill" })).toBuffer();
    const scanAt = file.indexOf(Buffer.from([0xff, 0xda])) + 16;
    const missing = [0, 2, 8, 40, 200, 1_200];
    const cuts = missing.map((bytes) => file.length - 2 - bytes);
    cuts.push(...[0.5].map((share) => Math.floor(scanAt + (file.length - scanAt) * share)));
    const seen = new Set<string>();
    await withFrameStore(2 ** 26, async (frameStore) => {
      for (const cut of cuts) {
        for (const part of [file.subarray(0, cut), Buffer.concat([file.subarray(0, cut), END])]) {
          const wanted = await outcomeOf(decodePicture(part, defaultLimits));
          seen.add(wanted);
          // Shrunk by 2, by 4 and by 8 while decoded.
          for (const target of [
            { widthPx: 50, heightPx: 38 },
            { widthPx: 26, heightPx: 20 },
            { widthPx: 13, heightPx: 10 },
          ]) {
            const got = await outcomeOf(decodeSmall(part, target, frameStore));
            expect(got, `cut at ${cut} of ${file.length}, ${target.widthPx} px`).toBe(wanted);
          }
        }
      }
    });
    expect(seen).toContain("IMAGE_TRUNCATED");
    expect(seen.size).toBeGreaterThan(2);
  });
}
