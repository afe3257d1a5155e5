import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { clampUnit } from "../color/color.ts";
import { type Curve, encodedCurve, linearCurve } from "../color/curve.ts";

/** A function from 0 to 1 as the tone kernels read it: floats, `steps` intervals and one entry more than their ends. */
export type ToneTable = { readonly steps: number; readonly samples: Float32Array };

/** Intervals of the tables of tone functions: sixteen for each step of a byte, so that bytes lie on entries and are mapped exactly. */
export const toneSteps = 16 * 255;

/** Tabulates a tone function with `toneSteps` intervals; its values are limited to 0 to 1. */
export function tabulateTone(exact: (value: number) => number): Float32Array {
  return Float32Array.from({ length: toneSteps + 2 }, (_, i) => clampUnit(exact(Math.min(i / toneSteps, 1))));
}

/** `toLinear` as a table. The error is below 1e-7. */
export const linearTable = toTable(linearCurve);

/** `toEncoded` as a table. The error is below 1e-5. */
export const encodedTable = toTable(encodedCurve);

function toTable({ steps, table }: Curve): ToneTable {
  return { steps, samples: Float32Array.from(table) };
}

/** The addresses and intervals of the two tables between encoded samples and linear light. */
export type LightTables = { linear: number; linearSteps: number; encoded: number; encodedSteps: number };

/** Puts both tables into the memory of a chain. */
export function placeLightTables(space: KernelSpace): LightTables {
  return {
    linear: space.constant(linearTable.samples),
    linearSteps: linearTable.steps,
    encoded: space.constant(encodedTable.samples),
    encodedSteps: encodedTable.steps,
  };
}
