import fc from "fast-check";
import { expect, test } from "vitest";
import { adobeRgb, toSrgb } from "../../test/expected-colors.ts";
import { middlesOf, patchColors, patchesPx, patchSamples } from "../../test/patches.ts";
import { decodePicture } from "../decode/decode.ts";
import { sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { readExifColors } from "./exif-colors.ts";

/** Writes EXIF with ColorSpace and DCF 2.0's interoperability index (Exif 3.0, 4.6.3 and 4.6.4). */
function exif(colorSpace: number, index: string | undefined, isLittle: boolean): Buffer {
  const tiff = Buffer.alloc(8 + 18 + 30 + 18);
  const [u16, u32] = isLittle
    ? [tiff.writeUInt16LE.bind(tiff), tiff.writeUInt32LE.bind(tiff)]
    : [tiff.writeUInt16BE.bind(tiff), tiff.writeUInt32BE.bind(tiff)];
  const entry = (at: number, tag: number, type: number, count: number) => {
    u16(tag, at);
    u16(type, at + 2);
    u32(count, at + 4);
  };
  tiff.write(isLittle ? "II" : "MM", "latin1");
  u16(42, 2);
  u32(8, 4);
  u16(1, 8);
  entry(10, 0x8769, 4, 1);
  u32(26, 18);
  u16(index === undefined ? 1 : 2, 26);
  entry(28, 0xa001, 3, 1);
  u16(colorSpace, 36);
  if (index !== undefined) {
    entry(40, 0xa005, 4, 1);
    u32(56, 48);
    u16(1, 56);
    entry(58, 1, 2, 4);
    tiff.write(`${index}\0`, 66, "latin1");
  }
  return Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
}

async function jpegWith(segment: Buffer): Promise<Buffer> {
  const raw = { width: patchesPx, height: patchesPx, channels: 3 } as const;
  const file = await sharp(Uint8Array.from(patchSamples(patchColors)), { raw })
    .jpeg({ quality: 98, chromaSubsampling: "4:4:4" })
    .toBuffer();
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(segment.length + 2, 2);
  return Buffer.concat([file.subarray(0, 2), head, segment, file.subarray(2)]);
}

test("a camera's Adobe RGB is converted, by the interoperability index or by ColorSpace 2, in both byte orders", async () => {
  for (const isLittle of [true, false]) {
    for (const segment of [exif(0xffff, "R03", isLittle), exif(2, undefined, isLittle)]) {
      const { frame, notices } = await decodePicture(await jpegWith(segment), defaultLimits);
      for (const [patch, color] of patchColors.entries()) {
        const wanted = toSrgb(color, adobeRgb, (v) => v ** (563 / 256));
        for (const [at, value] of wanted.entries()) {
          expect(Math.abs((middlesOf(frame)[patch]?.[at] ?? -1) - value)).toBeLessThanOrEqual(5);
        }
      }
      expect(notices.map(({ text }) => text)).toEqual(["Converted from Adobe RGB (EXIF) to sRGB"]);
    }
  }
});

test("sRGB and uncalibrated colours are unchanged", async () => {
  for (const segment of [exif(1, "R98", true), exif(0xffff, undefined, false), exif(0xffff, "R98", true)]) {
    const { notices } = await decodePicture(await jpegWith(segment), defaultLimits);
    expect(notices).toEqual([]);
  }
});

test("the reader never throws for damaged EXIF", () => {
  const whole = exif(0xffff, "R03", true);
  fc.assert(
    fc.property(
      fc.nat({ max: whole.length }),
      fc.array(fc.tuple(fc.nat({ max: 79 }), fc.nat({ max: 255 }))),
      (end, changes) => {
        const damaged = Uint8Array.from(whole.subarray(0, end));
        for (const [at, value] of changes) damaged[at] = value;
        readExifColors(damaged);
      },
    ),
  );
});
