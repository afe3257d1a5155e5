import { toEncoded, toLightness, toLinear } from "./color.ts";

/** A function from 0 to 1 as a table with linear interpolation: `steps` intervals, and one entry past the end, so that 1 has a right neighbour. */
export type Curve = { readonly steps: number; readonly table: Float64Array };

/** Tabulates `exact` with `steps` intervals. */
export function tabulate(exact: (value: number) => number, steps = 4_096): Curve {
  return { steps, table: Float64Array.from({ length: steps + 2 }, (_, i) => exact(Math.min(i / steps, 1))) };
}

/** Returns a curve's value at an argument from 0 to 1. */
export function curveAt({ steps, table }: Curve, value: number): number {
  const position = value * steps;
  const index = position | 0;
  const left = table[index] as number;
  return left + ((table[index + 1] as number) - left) * (position - index);
}

/** `toLinear` from a table. The error is below 1e-7. */
export const linearCurve = tabulate(toLinear);

/** `toEncoded` from a table. The error is below 1e-5, a four-hundredth of an 8-bit step. */
export const encodedCurve = tabulate(toEncoded, 16_384);

/** `toLightness` from a table. The error is below 1e-5. */
export const lightnessCurve = tabulate(toLightness, 16_384);
