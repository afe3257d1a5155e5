import { fourCharsAt, type Structure, toView } from "./structure.ts";

const SIGNATURE_BYTES = 8;
// Encoders write 8 KB or more a chunk, so a file of 64 MiB has at most some thousands.
const MAX_CHUNKS = 20_000;

/** The structure of a PNG: size from IHDR, frames of an APNG by their fcTL chunks, truncated unless IEND is there. */
export function readPngStructure(bytes: Uint8Array): Structure {
  const view = toView(bytes);
  let sides: { widthPx: number; heightPx: number } | undefined;
  let frames = 0;
  let hasCompressedText = false;
  let truncated = true;
  let chunks = 0;
  for (const chunk of chunksOf(view)) {
    if (++chunks > MAX_CHUNKS)
      return { ...sides, frames: Math.max(1, frames), truncated: false, hasCompressedText, tooManyParts: true };
    if (chunk.end > view.byteLength) break;
    if (chunk.type === "IHDR" && chunk.length >= 8) {
      sides ??= { widthPx: view.getUint32(chunk.start + 8), heightPx: view.getUint32(chunk.start + 12) };
    } else if (chunk.type === "fcTL") {
      // Counted, since the number that acTL claims may be anything.
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

/** The PNG without its text chunks, which hold no pixels; a copy. The bytes after the last whole chunk are kept as they are. */
export function withoutPngText(bytes: Uint8Array): Uint8Array {
  const view = toView(bytes);
  const kept: Uint8Array[] = [bytes.subarray(0, SIGNATURE_BYTES)];
  let at = SIGNATURE_BYTES;
  for (const chunk of chunksOf(view)) {
    if (chunk.end > view.byteLength || chunk.type === "IEND") break;
    if (!["tEXt", "zTXt", "iTXt"].includes(chunk.type)) kept.push(bytes.subarray(chunk.start, chunk.end));
    at = chunk.end;
  }
  kept.push(bytes.subarray(at));
  return Buffer.concat(kept);
}

type Chunk = { readonly type: string; readonly start: number; readonly length: number; readonly end: number };

function* chunksOf(view: DataView): Generator<Chunk> {
  let start = SIGNATURE_BYTES;
  while (start + 8 <= view.byteLength) {
    const length = view.getUint32(start);
    const end = start + 12 + length;
    yield { type: fourCharsAt(view, start + 4), start, length, end };
    start = end;
  }
}
