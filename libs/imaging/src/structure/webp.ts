import { fourCharsAt, type Structure, toView } from "./structure.ts";

/** Reads the structure of a WebP: size of its canvas, frames counted up to `maxFrames + 1`, truncated by RIFF's length. */
export function readWebpStructure(bytes: Uint8Array, maxFrames: number): Structure {
  const view = toView(bytes);
  const claimedBytes = view.getUint32(4, true) + 8;
  let sides: { widthPx: number; heightPx: number } | undefined;
  let frames = 0;
  let at = 12;
  let isOdd = false;
  while (at + 8 <= bytes.length && at + 8 <= claimedBytes && frames <= maxFrames) {
    const type = fourCharsAt(view, at);
    const length = view.getUint32(at + 4, true);
    if (type === "ANMF") frames += 1;
    else sides ??= sidesOf(view, type, at + 8);
    at += 8 + length + (length & 1);
    isOdd = (length & 1) === 1;
  }
  const missing = claimedBytes - bytes.length;
  // Only the byte is missing that makes the length of the last chunk even.
  const lacksPadding = missing === 1 && isOdd && at - 1 === bytes.length;
  return {
    ...sides,
    frames: Math.max(1, frames),
    truncated: missing > 0,
    ...(lacksPadding ? { completed: Buffer.concat([bytes, Uint8Array.of(0)]) } : {}),
  };
}

/** Reads the canvas of VP8X, else the one frame of VP8 (RFC 6386, 9.1) or VP8L (its bit stream's header). */
function sidesOf(view: DataView, type: string, at: number): { widthPx: number; heightPx: number } | undefined {
  if (at + 10 > view.byteLength) return undefined;
  if (type === "VP8X") {
    return {
      widthPx: 1 + (view.getUint32(at + 4, true) & 0xffffff),
      heightPx: 1 + (view.getUint32(at + 6, true) >>> 8),
    };
  }
  if (type === "VP8 ") {
    return { widthPx: view.getUint16(at + 6, true) & 0x3fff, heightPx: view.getUint16(at + 8, true) & 0x3fff };
  }
  if (type === "VP8L") {
    const bits = view.getUint32(at + 1, true);
    return { widthPx: 1 + (bits & 0x3fff), heightPx: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return undefined;
}
