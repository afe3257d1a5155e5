import { type Structure, toView } from "./structure.ts";

/** The structure of an AVIF: truncated if a box of the outermost level does not fit the file. Sizes lie deeper. */
export function readAvifStructure(bytes: Uint8Array): Structure {
  const view = toView(bytes);
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return { frames: 1, truncated: true };
    let length = view.getUint32(at);
    if (length === 0) break;
    if (length === 1) {
      if (at + 16 > bytes.length) return { frames: 1, truncated: true };
      length = Number(view.getBigUint64(at + 8));
    }
    if (length < 8) return { frames: 1, truncated: false };
    at += length;
  }
  return { frames: 1, truncated: at > bytes.length };
}
