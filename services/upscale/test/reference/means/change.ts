import { createInterpolation } from "./interpolate.ts";

/** Where a row's pixels lie between those of its source. */
type Between = {
  /** For each source pixel: the first pixel between its centre and the next one's. The last entry is the row's length. */
  readonly begins: Int32Array;
  /** For each pixel: the share of the next source pixel. */
  readonly share: Float32Array;
  readonly channels: number;
};

/**
 * Creates a function that changes a row of an enlargement in place by the values of `Gains.read` for the source's pixels,
 * interpolated between their centres. Pixels without a change, the most frequent ones, cost almost nothing.
 */
export function createChange(
  long: number,
  short: number,
  channels: number,
): (row: Uint8Array, changes: Float32Array) => void {
  const { from, share } = createInterpolation(long, short);
  const begins = new Int32Array(short + 1).fill(long);
  for (let x = 0, next = 0; x < long; x++) while (next <= (from[x] as number)) begins[next++] = x;
  return (row, changes) => changeRow(row, changes, { begins, share, channels });
}

function changeRow(row: Uint8Array, changes: Float32Array, { begins, share, channels }: Between): void {
  const short = begins.length - 1;
  const samples = short * channels;
  for (let x = 0, left = 0; x < short; x++) {
    const right = x === short - 1 ? 0 : channels;
    const begin = begins[x] as number;
    const end = begins[x + 1] as number;
    for (let channel = 0; channel < channels; channel++, left++) {
      const factor = changes[left] as number;
      const offset = changes[samples + left] as number;
      const factorStep = (changes[left + right] as number) - factor;
      const offsetStep = (changes[samples + left + right] as number) - offset;
      if (factor === 0 && offset === 0 && factorStep === 0 && offsetStep === 0) continue;
      for (let column = begin, at = begin * channels + channel; column < end; column++, at += channels) {
        const part = share[column] as number;
        const sample = row[at] as number;
        const value = sample + sample * (factor + part * factorStep) + (offset + part * offsetStep);
        row[at] = value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5;
      }
    }
  }
}
