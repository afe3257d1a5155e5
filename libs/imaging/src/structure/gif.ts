import { type Structure, toView } from "./structure.ts";

/** The structure of a GIF: size of its screen, frames counted up to `maxFrames + 1`, truncated unless a trailer is there. */
export function readGifStructure(bytes: Uint8Array, maxFrames: number): Structure {
  if (bytes.length < 13) return { frames: 1, truncated: true };
  const view = toView(bytes);
  const sides = { widthPx: view.getUint16(6, true), heightPx: view.getUint16(8, true) };
  let frames = 0;
  let at = 13 + colorTableBytes(view.getUint8(10));
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === 0x21) {
      at = afterSubBlocks(bytes, at + 2);
    } else if (kind === 0x2c) {
      if (++frames > maxFrames || at + 10 > bytes.length) break;
      at = afterSubBlocks(bytes, at + 10 + colorTableBytes(view.getUint8(at + 9)) + 1);
    } else {
      // The trailer, or bytes that are no block: corrupt then, not cut off.
      return { ...sides, frames: Math.max(1, frames), truncated: false };
    }
  }
  return { ...sides, frames: Math.max(1, frames), truncated: frames <= maxFrames };
}

function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function afterSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    at += 1 + length;
    if (length === 0) return at;
  }
  return at;
}
