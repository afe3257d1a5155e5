import { openEncoded } from "../src/decode/decode.ts";
import type { FrameStore } from "../src/frames/frame-store.ts";
import type { PictureLimits } from "../src/limits.ts";

/** Decodes a whole picture into a frame store. */
export async function decodeRaster(bytes: Uint8Array, limits: PictureLimits, frameStore: FrameStore) {
  return (await openEncoded(bytes, limits)).decode(frameStore);
}
