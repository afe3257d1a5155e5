import type { ModelEntry } from "../models/manifest.ts";

/** Wider than this a ramp hides nothing more. */
const maxFeatherPx = 16;

/**
 * How far, in input pixels, neighbouring tiles run into each other on each side of their border: 0 where the halo covers
 * the receptive field, because they agree there; else up to half of the halo, so that the other half is still context.
 */
export function toFeatherPx({ haloPx, receptiveRadiusPx }: Pick<ModelEntry, "haloPx" | "receptiveRadiusPx">): number {
  if (receptiveRadiusPx !== null && haloPx >= receptiveRadiusPx) return 0;
  return Math.min(maxFeatherPx, Math.floor(haloPx / 2));
}

/** Mixes `next` into `target`, sample by sample: `weight` 0 leaves it, 1 replaces it. Rounded half up. */
export function mixInto(target: Uint8Array, next: Uint8Array, weight: number): void {
  for (let at = 0; at < next.length; at++) {
    const before = target[at] as number;
    target[at] = before + ((next[at] as number) - before) * weight + 0.5;
  }
}

/** The weight of what comes after, at one of `length` places along a ramp. */
export function rampWeight(at: number, length: number): number {
  return (at + 0.5) / length;
}
