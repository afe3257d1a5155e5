import { crc32, deflateSync } from "node:zlib";
import type { Reason } from "@pixelmesh/errors";
import sharp from "sharp";

const uint32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const uint16le = (value: number) => Buffer.from([value, value >>> 8]);

/** Returns a PNG chunk with its checksum. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

/** Returns a PNG whose header claims a size, with chunks between header and pixels. */
export function png(widthPx: number, heightPx: number, between: Buffer[], pixels: Buffer): Buffer {
  const header = pngChunk("IHDR", Buffer.concat([uint32(widthPx), uint32(heightPx), Buffer.from([8, 2, 0, 0, 0])]));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, header, ...between, pngChunk("IDAT", pixels), pngChunk("IEND", Buffer.alloc(0))]);
}

/** The pixel data of a 4 x 4 PNG. */
export const fourPixels = deflateSync(Buffer.alloc(4 * 13));

function gif(widthPx: number, heightPx: number, frames: number): Buffer {
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  const header = [
    Buffer.from("GIF89a"),
    uint16le(widthPx),
    uint16le(heightPx),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
  ];
  return Buffer.concat([...header, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

async function jpegClaiming(widthPx: number, heightPx: number): Promise<Buffer> {
  const file = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const at = file.indexOf(Buffer.from([0xff, 0xc0]));
  file.writeUInt16BE(heightPx, at + 5);
  file.writeUInt16BE(widthPx, at + 7);
  return file;
}

async function jpegWithScans(scans: number): Promise<Buffer> {
  const file = await sharp({ create: { width: 4000, height: 3000, channels: 3, background: "red" } })
    .jpeg({ progressive: true })
    .toBuffer();
  const scan = file.subarray(file.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
  return Buffer.concat([file.subarray(0, -2), ...Array.from({ length: scans }, () => scan), file.subarray(-2)]);
}

function webpClaiming(widthPx: number, heightPx: number, frames: number): Buffer {
  const canvas = Buffer.alloc(18);
  canvas.write("VP8X", "latin1");
  canvas.writeUInt32LE(10, 4);
  canvas[8] = 2;
  canvas.writeUIntLE(widthPx - 1, 12, 3);
  canvas.writeUIntLE(heightPx - 1, 15, 3);
  const frame = Buffer.concat([Buffer.from("ANMF"), Buffer.from([16, 0, 0, 0]), Buffer.alloc(16)]);
  const body = Buffer.concat([Buffer.from("WEBP"), canvas, ...Array.from({ length: frames }, () => frame)]);
  const header = Buffer.alloc(8);
  header.write("RIFF", "latin1");
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** A small file that claims to be a large picture, and the reason of its refusal. */
export type Bomb = { readonly name: string; readonly make: () => Buffer | Promise<Buffer>; readonly reason: Reason };

/** Files whose headers would cost much time or memory in a decoder that trusts them. */
export const bombs: readonly Bomb[] = [
  { name: "a PNG of 17,000 x 17,000", make: () => png(17_000, 17_000, [], fourPixels), reason: "IMAGE_SIDE_TOO_LONG" },
  {
    name: "a PNG of 10,000 x 10,000",
    make: () => png(10_000, 10_000, [], fourPixels),
    reason: "IMAGE_TOO_MANY_PIXELS",
  },
  {
    name: "a PNG of 2^31 x 2^31",
    make: () => png(2 ** 31 - 1, 2 ** 31 - 1, [], fourPixels),
    reason: "IMAGE_SIDE_TOO_LONG",
  },
  {
    name: "a PNG of five million chunks",
    make: () =>
      png(
        4,
        4,
        Array.from({ length: 5 }, () => Buffer.alloc(12_000_000, pngChunk("aaAa", Buffer.alloc(0)))),
        fourPixels,
      ),
    reason: "IMAGE_CORRUPT",
  },
  { name: "a JPEG of 65,500 x 65,500", make: () => jpegClaiming(65_500, 65_500), reason: "IMAGE_SIDE_TOO_LONG" },
  { name: "a JPEG of 2,000 scans", make: () => jpegWithScans(2000), reason: "IMAGE_CORRUPT" },
  { name: "a GIF of a million frames", make: () => gif(1, 1, 1_000_000), reason: "IMAGE_TOO_MANY_FRAMES" },
  { name: "a GIF of 65,535 x 65,535", make: () => gif(65_535, 65_535, 3), reason: "IMAGE_SIDE_TOO_LONG" },
  {
    name: "a WebP of 16 million px a side",
    make: () => webpClaiming(2 ** 24, 2 ** 24, 1),
    reason: "IMAGE_SIDE_TOO_LONG",
  },
  { name: "a WebP of a million frames", make: () => webpClaiming(4, 4, 1_000_000), reason: "IMAGE_TOO_MANY_FRAMES" },
  {
    name: "a file above the byte limit",
    make: () => Buffer.alloc(64 * 1024 * 1024 + 1),
    reason: "IMAGE_TOO_MANY_BYTES",
  },
];
