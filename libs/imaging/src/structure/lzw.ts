// Some milliseconds of work between turns of the event loop.
const CODES_PER_TURN = 2 ** 19;

/**
 * Counts the pixels in the LZW data of a GIF frame, up to `wanted`, and whether its end code follows. Sums lengths only; decodes
 * no pixels. `start` is the byte of the smallest code size. Source: GIF89a, appendix F.
 */
export async function countLzwPixels(
  bytes: Uint8Array,
  start: number,
  wanted: number,
): Promise<{ readonly count: number; readonly hasEnd: boolean }> {
  const rootBits = bytes[start] ?? 0;
  if (rootBits < 1 || rootBits > 11) return { count: 0, hasEnd: true };
  const clear = 2 ** rootBits;
  const lengths = new Uint32Array(4096).fill(1, 0, clear);
  let next = clear + 2;
  let bits = rootBits + 1;
  let previous = 0;
  let count = 0;
  let held = 0;
  let heldBits = 0;
  let at = start + 1;
  let codes = 0;
  let blockEnd = at;
  while (count < wanted) {
    if (++codes % CODES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    while (heldBits < bits) {
      if (at === blockEnd) {
        const length = bytes[at] ?? 0;
        if (length === 0) return { count, hasEnd: false };
        at += 1;
        blockEnd = at + length;
      }
      if (at >= bytes.length) return { count, hasEnd: false };
      held |= (bytes[at++] ?? 0) << heldBits;
      heldBits += 8;
    }
    const code = held & (2 ** bits - 1);
    held >>>= bits;
    heldBits -= bits;
    if (code === clear + 1) return { count, hasEnd: true };
    if (code === clear) {
      next = clear + 2;
      bits = rootBits + 1;
      previous = 0;
      continue;
    }
    // Damaged, not truncated: the decoder reports it.
    if (code > next || (code === next && previous === 0)) return { count, hasEnd: true };
    const length = code < next ? (lengths[code] ?? 0) : previous + 1;
    count += length;
    if (previous > 0 && next < 4096) {
      lengths[next++] = previous + 1;
      if (next === 2 ** bits && bits < 12) bits += 1;
    }
    previous = length;
  }
  return { count, hasEnd: false };
}
