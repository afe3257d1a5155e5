import type { KernelSpace } from "../../kernels/kernel-space.ts";

/** For each index of a longer side: the two indices of the shorter side that it lies between, and the second one's share. */
export type Interpolation = { readonly from: Int32Array; readonly to: Int32Array; readonly share: Float32Array };

/** Creates a linear interpolation between pixel centres. Beyond the outer centres their values are repeated. */
export function createInterpolation(long: number, short: number): Interpolation {
  const from = new Int32Array(long);
  const to = new Int32Array(long);
  const share = new Float32Array(long);
  for (let at = 0; at < long; at++) {
    const place = Math.min(short - 1, Math.max(0, ((at + 0.5) * short) / long - 0.5));
    from[at] = Math.floor(place);
    to[at] = Math.min(short - 1, Math.floor(place) + 1);
    share[at] = place - Math.floor(place);
  }
  return { from, to, share };
}

/** Addresses of an interpolation's tables for kernels. */
export type Places = { readonly begins: number; readonly shares: number };

/** Writes an interpolation from `short` pixels as tables for kernels. */
export function toPlaces(space: KernelSpace, { from, share }: Interpolation, short: number): Places {
  const begins = new Int32Array(short + 1).fill(from.length);
  for (let x = 0, next = 0; x < from.length; x++) while (next <= (from[x] as number)) begins[next++] = x;
  return { begins: space.constant(begins), shares: space.constant(share) };
}
