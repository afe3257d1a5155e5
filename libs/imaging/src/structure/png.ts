import { crc32 } from "node:zlib";
import { fourCharsAt, type Structure, toView } from "./structure.ts";

const SIGNATURE_BYTES = 8;
// Encoders write at least 8 KB a chunk, so a file of 64 MiB has some thousands.
const MAX_CHUNKS = 20_000;

/** Reads the structure of a PNG: size from IHDR, frames of an APNG by their fcTL chunks, truncated without IEND. */
export function readPngStructure(bytes: Uint8Array): Structure {
  const view = toView(bytes);
  let sides: { widthPx: number; heightPx: number } | undefined;
  let frames = 0;
  let hasCompressedText = false;
  let truncated = true;
  let chunks = 0;
  for (const chunk of pngChunksOf(view)) {
    if (++chunks > MAX_CHUNKS)
      return { ...sides, frames: Math.max(1, frames), truncated: false, hasCompressedText, tooManyParts: true };
    if (chunk.end > view.byteLength) break;
    if (chunk.type === "IHDR" && chunk.length >= 8) {
      sides ??= { widthPx: view.getUint32(chunk.start + 8), heightPx: view.getUint32(chunk.start + 12) };
    } else if (chunk.type === "fcTL") {
      // Counted, because the number in acTL may be wrong.
      frames += 1;
    } else if (chunk.type === "zTXt" || chunk.type === "iTXt") {
      hasCompressedText = true;
    } else if (chunk.type === "IEND") {
      truncated = false;
      break;
    }
  }
  return { ...sides, frames: Math.max(1, frames), truncated, hasCompressedText };
}

/** Returns a copy of the PNG without its text chunks, which hold no pixels. Bytes after the last whole chunk are kept. */
export function withoutPngText(bytes: Uint8Array): Uint8Array {
  const view = toView(bytes);
  const kept: Uint8Array[] = [bytes.subarray(0, SIGNATURE_BYTES)];
  let at = SIGNATURE_BYTES;
  for (const chunk of pngChunksOf(view)) {
    if (chunk.end > view.byteLength || chunk.type === "IEND") break;
    if (!["tEXt", "zTXt", "iTXt"].includes(chunk.type)) kept.push(bytes.subarray(chunk.start, chunk.end));
    at = chunk.end;
  }
  kept.push(bytes.subarray(at));
  return Buffer.concat(kept);
}

/** The position of a chunk. Its data begins 8 bytes after `start` and is `length` bytes long. */
export type PngChunk = { readonly type: string; readonly start: number; readonly length: number; readonly end: number };

/** Yields the chunks of a PNG in order, including one that does not fit the file. */
export function* pngChunksOf(view: DataView): Generator<PngChunk> {
  let start = SIGNATURE_BYTES;
  while (start + 8 <= view.byteLength) {
    const length = view.getUint32(start);
    const end = start + 12 + length;
    yield { type: fourCharsAt(view, start + 4), start, length, end };
    start = end;
  }
}

/** Returns a chunk with its checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.allocUnsafe(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/**
 * Completes a PNG whose last chunk of pixels lacks only its checksum; undefined for any other. (A PNG that only lacks IEND
 * decodes as it is.)
 */
export function completePng(bytes: Uint8Array): Uint8Array | undefined {
  const view = toView(bytes);
  for (const { type, start, length, end } of pngChunksOf(view)) {
    if (end <= bytes.length) continue;
    if (type !== "IDAT" || start + 8 + length > bytes.length) return undefined;
    const last = pngChunk("IDAT", bytes.subarray(start + 8, start + 8 + length));
    return Buffer.concat([bytes.subarray(0, start), last, pngChunk("IEND", new Uint8Array(0))]);
  }
  return undefined;
}
