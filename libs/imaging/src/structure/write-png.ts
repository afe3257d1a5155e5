import { deflateSync } from "node:zlib";
import type { Channels } from "../frames/frame.ts";
import { pngChunk } from "./png.ts";

const COLOR_TYPES: Readonly<Record<Channels, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };

/**
 * Writes pixels as an uncompressed PNG, the form in which libvips accepts pixels with a profile. Samples of 16 bits have their
 * high byte first.
 */
export function writePng(pixels: Uint8Array, widthPx: number, channels: Channels, bits: 8 | 16 = 8): Buffer {
  const stride = (widthPx * channels * bits) / 8;
  const heightPx = pixels.length / stride;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([bits, COLOR_TYPES[channels], 0, 0, 0], 8);
  const rows = Buffer.alloc((stride + 1) * heightPx);
  for (let y = 0; y < heightPx; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(rows, { level: 0 })),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}
