import { extentsEndAt } from "./avif-extents.ts";
import { boxesOf, findBox } from "./boxes.ts";
import { fourCharsAt, type Structure, toView } from "./structure.ts";

/**
 * Reads the structure of an AVIF. It is truncated if a box of the outermost level does not fit the file, and lacks pixels if
 * data of an item lies beyond the file's end. Sizes lie deeper and are not read.
 */
export function readAvifStructure(bytes: Uint8Array): Structure {
  return { frames: countFrames(bytes), truncated: isCutOff(bytes), lacksPixels: extentsEndAt(bytes) > bytes.length };
}

function isCutOff(bytes: Uint8Array): boolean {
  const view = toView(bytes);
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return true;
    let length = view.getUint32(at);
    if (length === 0) break;
    if (length === 1) {
      if (at + 16 > bytes.length) return true;
      length = Number(view.getBigUint64(at + 8));
    }
    if (length < 8) return false;
    at += length;
  }
  return at > bytes.length;
}

/** Counts the samples of the first picture track of an image sequence; 1 for a still picture. */
function countFrames(bytes: Uint8Array): number {
  const view = toView(bytes);
  const moov = findBox(view, 0, bytes.length, "moov");
  if (!moov) return 1;
  for (const trak of boxesOf(view, moov.body, moov.end)) {
    if (trak.type !== "trak") continue;
    const handler = findBox(view, trak.body, trak.end, "mdia", "hdlr");
    const sizes = findBox(view, trak.body, trak.end, "mdia", "minf", "stbl", "stsz");
    const isPicture = handler && handler.body + 12 <= handler.end && fourCharsAt(view, handler.body + 8) === "pict";
    if (isPicture && sizes && sizes.body + 12 <= sizes.end) return Math.max(1, view.getUint32(sizes.body + 8));
  }
  return 1;
}
