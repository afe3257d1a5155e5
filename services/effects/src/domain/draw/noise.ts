import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { allocatePlane } from "../rows/rows.ts";

/**
 * Returns a 32-bit hash of a 32-bit integer, without a visible pattern over neighbouring inputs: the constants of C. Wellons'
 * "lowbias32" in the revised form of the Hash Prospector project (2018).
 */
export function hash32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Returns the address of a row of noise, as floats. It depends only on seed, size and position, not on the order of calls. */
export type NoiseRow = (y: number) => number;

/**
 * Creates noise between -1 and 1 with a triangular distribution (standard deviation 0.41 if `sizePx` is 1). Grains wider than a
 * pixel are interpolated between lattice points `sizePx` apart. The row is reused by the next call.
 */
export function createNoise(space: KernelSpace, widthPx: number, seed: number, sizePx: number): NoiseRow {
  const { noise, mixNoise } = space.kernels;
  const seedHash = hash32(seed);
  const rowSeed = (y: number) => hash32(y ^ seedHash);
  const out = allocatePlane(space, widthPx, 4);
  if (sizePx === 1) {
    return (y) => {
      noise(rowSeed(y), widthPx, out);
      return out;
    };
  }
  const columns = Math.floor((widthPx - 1) / sizePx) + 2;
  const [upper, lower] = [allocatePlane(space, columns, 4), allocatePlane(space, columns, 4)];
  let latticeRow = -1;
  return (y) => {
    const row = Math.floor(y / sizePx);
    if (row !== latticeRow) {
      noise(rowSeed(row), columns, upper);
      noise(rowSeed(row + 1), columns, lower);
      latticeRow = row;
    }
    mixNoise(upper, lower, widthPx, sizePx, y / sizePx - row, out);
    return out;
  };
}
