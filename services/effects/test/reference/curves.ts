import { curveAt, encodedCurve, lightnessCurve, linearCurve } from "../../src/domain/color/curve.ts";

/** A function from 0 to 1. */
export type Curve = (value: number) => number;

/** The tabulated curves as functions. */
export const linearOf: Curve = (value) => curveAt(linearCurve, value);
export const encodedOf: Curve = (value) => curveAt(encodedCurve, value);
export const lightnessOf: Curve = (value) => curveAt(lightnessCurve, value);
