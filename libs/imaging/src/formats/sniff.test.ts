import { ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { sharp } from "../engine/engine.ts";
import { sniffForeignName, sniffFormat } from "./sniff.ts";

const text = (value: string) => new Uint8Array(Buffer.from(value, "latin1"));

test("files of libvips are recognised by their first bytes", async () => {
  const picture = () => sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });
  expect(sniffFormat(await picture().jpeg().toBuffer())).toBe(ImageFormat.JPEG);
  expect(sniffFormat(await picture().png().toBuffer())).toBe(ImageFormat.PNG);
  expect(sniffFormat(await picture().webp().toBuffer())).toBe(ImageFormat.WEBP);
  expect(sniffFormat(await picture().avif().toBuffer())).toBe(ImageFormat.AVIF);
  expect(sniffFormat(await picture().gif().toBuffer())).toBe(ImageFormat.GIF);
  expect(sniffFormat(await picture().tiff().toBuffer())).toBe(ImageFormat.TIFF);
});

test("other files have no format, and a name if it is known", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"],
    ["\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg>", "SVG"],
    ["<!DOCTYPE html><html></html>", "HTML"],
    ["<?xml version='1.0'?><note/>", "XML"],
    ["%PDF-1.7", "PDF"],
    ["BM\x36\0\0\0", "BMP"],
    ["\x1f\x8b\x08", "gzip"],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"],
    ["\0\0\0\x18ftypisom\0\0\0\0mp41isom", "MP4 video"],
    ["8BPS\0\x01", "Photoshop document"],
    ["P6 3 3 255", "PNM"],
    ["RIFF\x10\0\0\0WAVE", "RIFF"],
    ["version https://git-lfs.github.com/spec/v1", "Git LFS pointer"],
    ["hello", undefined],
    ["\x89PNG\r\n", undefined],
    ["", undefined],
  ];
  for (const [bytes, name] of cases) {
    expect(sniffFormat(text(bytes))).toBeUndefined();
    expect(sniffForeignName(text(bytes))).toBe(name);
  }
});

test("an AVIF is recognised by any of its brands, within its first box only", () => {
  expect(sniffFormat(text("\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf"))).toBe(ImageFormat.AVIF);
  expect(sniffFormat(text("\0\0\0\x14ftypmp42\0\0\0\0isomavif"))).toBeUndefined();
});
