import { createInterpolation, type Interpolation } from "../../../src/domain/means/interpolation.ts";

export { createInterpolation, type Interpolation };

/** Interpolates a short row to a long one. */
export function interpolateRow(
  row: Float32Array,
  out: Float32Array,
  { from, to, share }: Interpolation,
  channels: number,
): void {
  for (let x = 0, at = 0; at < out.length; x++) {
    const left = (from[x] as number) * channels;
    const right = (to[x] as number) * channels;
    const part = share[x] as number;
    for (let channel = 0; channel < channels; channel++, at++) {
      const value = row[left + channel] as number;
      out[at] = value + part * ((row[right + channel] as number) - value);
    }
  }
}

/**
 * Adds `weight` times a long row to a short one, each sample to the positions that it lies between: the transpose of
 * interpolation.
 */
export function spreadRow(
  row: Float32Array,
  weight: number,
  into: Float32Array,
  { from, to, share }: Interpolation,
  channels: number,
): void {
  for (let x = 0, at = 0; at < row.length; x++) {
    const left = (from[x] as number) * channels;
    const right = (to[x] as number) * channels;
    const rightShare = weight * (share[x] as number);
    const leftShare = weight - rightShare;
    for (let channel = 0; channel < channels; channel++, at++) {
      const value = row[at] as number;
      into[left + channel] = (into[left + channel] as number) + leftShare * value;
      into[right + channel] = (into[right + channel] as number) + rightShare * value;
    }
  }
}

/** Adds `weight` times a row to another of the same length. */
export function addTimes(into: Float32Array, weight: number, row: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + weight * (row[i] as number);
}

/** Writes the mixture of two rows to `out`. Returns false if it is 0 throughout. */
export function mixRows(above: Float32Array, below: Float32Array, share: number, out: Float32Array): boolean {
  let isAny = false;
  for (let i = 0; i < out.length; i++) {
    const value = (above[i] as number) + share * ((below[i] as number) - (above[i] as number));
    out[i] = value;
    isAny ||= value !== 0;
  }
  return isAny;
}
