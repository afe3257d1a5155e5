import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { allocatePlane, type StageContext } from "../rows/rows.ts";
import type { Tap } from "./diffusions.ts";
import { createLevelSearch } from "./level-search.ts";
import type { Quantizer, Tones } from "./tones.ts";

// No tap reaches further sideways or down.
const reach = 2;
// The taps of the kernel, in its order.
const window: readonly (readonly [right: number, down: number])[] = [
  [1, 0],
  [2, 0],
  ...[-2, -1, 0, 1, 2].map((right) => [right, 1] as const),
  ...[-2, -1, 0, 1, 2].map((right) => [right, 2] as const),
];

/**
 * Creates error diffusion. `strength` is the share of an error that is passed on. With `serpentine` every other row runs from
 * right to left with mirrored taps. Errors that leave the picture are dropped, and fully transparent pixels pass none on.
 */
export function createDiffusion(
  { space, shape, from }: StageContext,
  { levels, planes, tones, indices }: Tones,
  options: { taps: readonly Tap[]; strength: number; serpentine: boolean },
): Quantizer {
  const { widthPx, channels } = shape;
  const { diffuse, visibleOf } = space.kernels;
  const visible = channels === 4 ? allocatePlane(space, widthPx, 1) : 0;
  const margin = reach * planes * 8;
  const stride = widthPx * planes * 8 + 2 * margin;
  // Errors for this row and the two below it, as a ring, with margins for errors that leave the picture.
  const owed = Array.from({ length: reach + 1 }, () => space.allocate(stride) + margin);
  const search = createLevelSearch(levels);
  const isWide = options.taps.some(([right, down]) => Math.abs(right) > 1 || down > 1);
  const shares = window.map(([right, down]) => {
    const tap = options.taps.find((candidate) => candidate[0] === right && candidate[1] === down);
    return tap === undefined ? 0 : tap[2] * options.strength;
  });
  const tables = [levels, search.middles, search.starts].map(space.constant);
  const states = owed.map((_, y) => {
    const ring = [0, 1, 2].map((down) => owed[(y + down) % owed.length] as number);
    return createState(space, [levels.length, ...tables, ...ring, isWide ? 1 : 0], shares);
  });
  return (row, y) => {
    if (visible !== 0) visibleOf(row, from === "floats", widthPx, visible);
    const isBackwards = options.serpentine && y % 2 === 1;
    diffuse(tones, visible, indices, widthPx, planes, isBackwards, states[y % states.length] as number);
  };
}

/** Writes the state that kernels/_diffuse.ts describes: eight integers, then twelve doubles. */
function createState(space: KernelSpace, integers: readonly number[], shares: readonly number[]): number {
  const state = new DataView(new ArrayBuffer(8 * 4 + 12 * 8));
  integers.forEach((value, i) => {
    state.setInt32(i * 4, value, true);
  });
  shares.forEach((value, i) => {
    state.setFloat64(32 + i * 8, value, true);
  });
  return space.constant(new Uint8Array(state.buffer));
}
