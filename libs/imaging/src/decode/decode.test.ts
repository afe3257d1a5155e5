import { AppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import fc from "fast-check";
import type { Sharp } from "sharp";
import { expect, test } from "vitest";
import { sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { decodePicture } from "./decode.ts";
import { inspectPicture } from "./inspect.ts";

const decode = (bytes: Uint8Array) => decodePicture(bytes, defaultLimits);
const solid = (rgb: readonly [number, number, number], side = 16) =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: rgb[0], g: rgb[1], b: rgb[2] } } });

function raw(channels: 1 | 2 | 3 | 4, pixel: readonly number[], side = 16): Sharp {
  const data = Buffer.from(Array.from({ length: side * side }, () => pixel).flat());
  return sharp(data, { raw: { width: side, height: side, channels } });
}

function expectPixel(data: Uint8Array, wanted: readonly number[], tolerance: number): void {
  for (const [index, value] of wanted.entries()) expect(Math.abs(data[index]! - value)).toBeLessThanOrEqual(tolerance);
}

test("grey stays one channel, grey with alpha two, and an opaque alpha is kept", async () => {
  const cases = [
    [await raw(1, [77]).toColourspace("b-w").png().toBuffer(), [77]],
    [await raw(2, [77, 120]).toColourspace("b-w").png().toBuffer(), [77, 120]],
    [await raw(2, [77, 255]).toColourspace("b-w").png().toBuffer(), [77, 255]],
    [await raw(3, [1, 2, 3]).png().toBuffer(), [1, 2, 3]],
    [await raw(4, [10, 20, 30, 40]).png().toBuffer(), [10, 20, 30, 40]],
    [await raw(4, [10, 20, 30, 255]).png().toBuffer(), [10, 20, 30, 255]],
  ] as const;
  for (const [file, pixel] of cases) {
    const { frame, info, notices } = await decode(file);
    expect(frame.channels).toBe(pixel.length);
    expect(info.channels).toBe(pixel.length);
    expect([...frame.data.subarray(0, pixel.length)]).toEqual([...pixel]);
    expect(notices).toEqual([]);
  }
  const jpeg = await decode(await raw(1, [200]).toColourspace("b-w").jpeg().toBuffer());
  expect(jpeg.frame.channels).toBe(1);
});

test("16-bit samples and alpha become 8-bit with a notice", async () => {
  const cases = [
    [await raw(3, [200, 100, 50]).toColourspace("rgb16").png().toBuffer(), [200, 100, 50]],
    [await raw(4, [200, 100, 50, 60]).toColourspace("rgb16").png().toBuffer(), [200, 100, 50, 60]],
    [await raw(1, [99]).toColourspace("grey16").png().toBuffer(), [99]],
    [await raw(2, [99, 60]).toColourspace("grey16").png().toBuffer(), [99, 60]],
  ] as const;
  for (const [file, pixel] of cases) {
    const { frame, info, notices } = await decode(file);
    expect(info.bitsPerChannel).toBe(16);
    expect(frame.channels).toBe(pixel.length);
    expectPixel(frame.data, pixel, 1);
    expect(notices.map((notice) => notice.kind)).toEqual(["bit_depth"]);
  }
});

test("wide-gamut profiles are converted to sRGB in 8 and 16 bits, with a notice that names them", async () => {
  const rgb = [180, 60, 40] as const;
  const eight = await solid(rgb).withIccProfile("p3").png().toBuffer();
  const sixteen = await solid(rgb).toColourspace("rgb16").withIccProfile("p3").png().toBuffer();
  for (const file of [eight, sixteen]) {
    const { frame, info, notices } = await decode(file);
    expect(info.hasIccProfile).toBe(true);
    expectPixel(frame.data, rgb, 2);
    const notice = notices.find(({ kind }) => kind === "color_profile");
    expect(notice?.text).toMatch(/^Converted from .*P3.* to sRGB$/);
  }
});

test("an sRGB profile gives no notice", async () => {
  const { frame, info, notices } = await decode(await solid([180, 60, 40]).withIccProfile("srgb").png().toBuffer());
  expect(info.hasIccProfile).toBe(true);
  expectPixel(frame.data, [180, 60, 40], 1);
  expect(notices).toEqual([]);
});

test("CMYK becomes sRGB with a notice", async () => {
  const file = await solid([200, 30, 60], 32).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  const { frame, info, notices } = await decode(file);
  expect(info.colorSpace).toBe("cmyk");
  expect(frame.channels).toBe(3);
  expectPixel(frame.data, [200, 30, 60], 25);
  expect(notices.map((notice) => notice.kind)).toEqual(["color_profile"]);
});

test("an animation gives its first frame, with a notice of the number of frames", async () => {
  const frames = Buffer.concat([
    Buffer.alloc(8 * 8 * 3, 250),
    Buffer.alloc(8 * 8 * 3, 20),
    Buffer.alloc(8 * 8 * 3, 90),
  ]);
  const strip = () => sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } });
  for (const file of [await strip().gif().toBuffer(), await strip().webp({ lossless: true }).toBuffer()]) {
    const { frame, info, notices } = await decode(file);
    expect([info.frames, frame.widthPx, frame.heightPx]).toEqual([3, 8, 8]);
    expectPixel(frame.data, [250, 250, 250], 1);
    expect(notices).toEqual([{ stepId: "", kind: "first_frame", text: "Used the first of 3 frames" }]);
    await expect(decodePicture(file, { ...defaultLimits, maxFrames: 2 })).rejects.toMatchObject({
      reason: "IMAGE_TOO_MANY_FRAMES",
      message: "Expected a picture with up to 2 frames, got at least 3",
    });
  }
});

test("AVIF keeps its alpha and reports 10 bits", async () => {
  const clear = await decode(
    await raw(4, [200, 100, 50, 128], 32).avif({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer(),
  );
  expect([clear.info.format, clear.frame.channels]).toEqual([ImageFormat.AVIF, 4]);
  expectPixel(clear.frame.data, [200, 100, 50, 128], 6);
  const deep = await decode(await solid([200, 100, 50], 32).avif({ quality: 90, bitdepth: 10 }).toBuffer());
  expect(deep.info.bitsPerChannel).toBe(10);
  expectPixel(deep.frame.data, [200, 100, 50], 6);
  expect(deep.notices.map((notice) => notice.kind)).toEqual(["bit_depth"]);
});

test("TIFF is read only if the limits allow it", async () => {
  const file = await solid([9, 8, 7]).tiff({ compression: "none" }).toBuffer();
  await expect(decode(file)).rejects.toMatchObject({
    reason: "IMAGE_TYPE_UNSUPPORTED",
    message: "Expected one of JPEG, PNG, WebP, AVIF, GIF, got TIFF",
  });
  const { frame } = await decodePicture(file, { ...defaultLimits, allowTiff: true });
  expectPixel(frame.data, [9, 8, 7], 0);
});

test("loaders that we do not use stay blocked in libvips", async () => {
  const svg = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
  await expect(sharp(svg).metadata()).rejects.toThrow("unsupported image format");
});

const makers: Readonly<Record<string, () => Promise<Buffer>>> = {
  JPEG: () => noise().jpeg().toBuffer(),
  PNG: () => noise().png().toBuffer(),
  WebP: () => noise().webp().toBuffer(),
  AVIF: () => noise().avif({ effort: 0 }).toBuffer(),
  GIF: () => noise().gif().toBuffer(),
};

function noise(): Sharp {
  const data = Buffer.from(
    Array.from({ length: 48 * 32 * 3 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 255),
  );
  return sharp(data, { raw: { width: 48, height: 32, channels: 3 } });
}

for (const [name, make] of Object.entries(makers)) {
  test(`a ${name} that ends early is truncated, wherever it was cut`, async () => {
    const file = await make();
    for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
      const cut = file.subarray(0, Math.floor(file.length * share));
      await expect(decode(cut)).rejects.toMatchObject({
        reason: "IMAGE_TRUNCATED",
        message: `The ${name} file ends too early`,
      });
    }
  });

  test(`a ${name} with damaged bytes gives a frame or a typed error`, async () => {
    const file = await make();
    const damage = fc.array(fc.tuple(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (flips) => {
        const damaged = Uint8Array.from(file);
        for (const [at, flip] of flips) damaged[at]! ^= flip;
        const info = await inspectPicture(damaged, defaultLimits).catch(toReason);
        const result = await decode(damaged).catch(toReason);
        if (typeof result === "string") expect(result).toMatch(/^IMAGE_/);
        else expect(info).toEqual(result.info);
      }),
      { numRuns: 60 },
    );
  });
}

function toReason(error: unknown): string {
  if (error instanceof AppError) return error.reason;
  throw error;
}
