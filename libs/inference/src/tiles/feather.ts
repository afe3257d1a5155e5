import type { ModelEntry } from "../models/manifest.ts";

/** A wider ramp does not hide a seam better. */
const maxFeatherPx = 16;

/**
 * How far, in input pixels, neighbouring tiles are blended on each side of their border: 0 if the halo covers the receptive
 * field, because the tiles are equal there; else up to half of the halo, so that the other half remains context.
 */
export function toFeatherPx({ haloPx, receptiveRadiusPx }: Pick<ModelEntry, "haloPx" | "receptiveRadiusPx">): number {
  if (receptiveRadiusPx !== null && haloPx >= receptiveRadiusPx) return 0;
  return Math.min(maxFeatherPx, Math.floor(haloPx / 2));
}

/** Mixes `next` into `target`, sample by sample: a `weight` of 0 keeps the sample, 1 replaces it. Rounds half up. */
export function mixInto(target: Uint8Array, next: Uint8Array, weight: number): void {
  for (let at = 0; at < next.length; at++) {
    const before = target[at] as number;
    target[at] = before + ((next[at] as number) - before) * weight + 0.5;
  }
}

/** The weight of the later tile at position `at` of a ramp of `length` positions. */
export function rampWeight(at: number, length: number): number {
  return (at + 0.5) / length;
}
