import { clampUnit } from "../color/color.ts";

/** Intervals of the tables of tone functions: sixteen for each step of a byte, so that bytes lie on entries and are mapped exactly. */
export const toneSteps = 16 * 255;

/** Tabulates a tone function with `toneSteps` intervals, as the tone kernels read it; its values are limited to 0 to 1. */
export function tabulateTone(exact: (value: number) => number): Float32Array {
  return Float32Array.from({ length: toneSteps + 2 }, (_, i) => clampUnit(exact(Math.min(i / toneSteps, 1))));
}
