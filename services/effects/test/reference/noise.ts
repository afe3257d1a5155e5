import { hash32 } from "../../src/domain/draw/noise.ts";

/** Returns a row of noise. It depends only on seed, size and position, not on the order of calls. */
export type NoiseRow = (y: number) => Float32Array;

/**
 * Creates noise between -1 and 1 with a triangular distribution (standard deviation 0.41 if `sizePx` is 1). Grains wider than a
 * pixel are interpolated between lattice points `sizePx` apart. The row is reused by the next call.
 */
export function createNoise(widthPx: number, seed: number, sizePx: number): NoiseRow {
  const out = new Float32Array(widthPx);
  if (sizePx === 1) return (y) => fillLattice(out, seed, y);
  const columns = Math.floor((widthPx - 1) / sizePx) + 2;
  const [upper, lower] = [new Float32Array(columns), new Float32Array(columns)];
  let latticeRow = -1;
  return (y) => {
    const row = Math.floor(y / sizePx);
    if (row !== latticeRow) {
      fillLattice(upper, seed, row);
      fillLattice(lower, seed, row + 1);
      latticeRow = row;
    }
    const down = y / sizePx - row;
    for (let x = 0; x < widthPx; x++) {
      const column = Math.floor(x / sizePx);
      const right = x / sizePx - column;
      const top = mix(upper[column] as number, upper[column + 1] as number, right);
      const bottom = mix(lower[column] as number, lower[column + 1] as number, right);
      out[x] = mix(top, bottom, down);
    }
    return out;
  };
}

function fillLattice(out: Float32Array, seed: number, y: number): Float32Array {
  const rowSeed = hash32(y ^ hash32(seed));
  for (let x = 0; x < out.length; x++) {
    // The sum of both halves of one hash: two uniform numbers make a triangular one.
    const h = hash32(x + rowSeed);
    out[x] = ((h & 0xffff) + (h >>> 16)) / 0xffff - 1;
  }
  return out;
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
