import { toView } from "./structure.ts";

const ROWS = 8;

/** A JPEG that claims up to 8 more rows than it has. */
export type TallerJpeg = {
  readonly bytes: Uint8Array;
  /** Whether the original rows decode as they would without the added ones. */
  readonly isExact: boolean;
};

/**
 * Returns a taller copy of a sequential JPEG of one scan, so that its decoder notices missing data of the last rows. libvips
 * checks for libjpeg's warnings when it asks for the next 8 rows, so it misses a warning about the last ones. Undefined where
 * this is not needed: progressive files are read whole first, and with chroma halved in height libjpeg reads ahead, unless there
 * are at most 8 rows.
 */
export function toTallerJpeg(bytes: Uint8Array): TallerJpeg | undefined {
  const view = toView(bytes);
  let heightAt: number | undefined;
  let components = 0;
  let isHalved = false;
  for (let at = 2; at + 10 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at += 1;
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return undefined;
    // SOF0 and SOF1: sequential, Huffman.
    if (marker === 0xc0 || marker === 0xc1) {
      heightAt = at + 5;
      components = bytes[at + 9] ?? 0;
      isHalved = hasHalvedHeight(bytes.subarray(at + 10, at + 10 + components * 3));
    }
    if (marker !== 0xda) continue;
    if (heightAt === undefined || bytes[at + 4] !== components) return undefined;
    const heightPx = view.getUint16(heightAt);
    const taller = Math.ceil(heightPx / ROWS) * ROWS + 1;
    if (heightPx === 0 || (isHalved && heightPx > ROWS) || taller > 65_500) return undefined;
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(taller, heightAt);
    // A lone component is coded without its sampling factors. With them the added rows would belong to the last blocks.
    if (components === 1) copy[heightAt + 6] = 0x11;
    return { bytes: copy, isExact: !isHalved };
  }
  return undefined;
}

function hasHalvedHeight(components: Uint8Array): boolean {
  for (let at = 1; at < components.length; at += 3)
    if (((components[at] ?? 0) & 15) !== 1 && components.length > 3) return true;
  return false;
}
