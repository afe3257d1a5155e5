import type { Rgb } from "../color/color.ts";
import { type Curve, tabulate } from "../color/curve.ts";
import { fromOklab, toOklab } from "../color/oklab.ts";
import { allocatePlane, type StageContext } from "../rows/rows.ts";
import type { ColorPlanes } from "../rows/write-planes.ts";

const tintSteps = 1_024;

/** Whether a colour is a tint: not a grey. */
export function isTint(color: Rgb): boolean {
  const [, a, b] = toOklab(color);
  return Math.hypot(a, b) >= 1e-4;
}

/** Returns planes of colours for a plane of greys. */
export type Tint = (grey: number) => ColorPlanes;

/** Creates the toning of greys; undefined for a grey tint. */
export function createTint({ space, shape: { widthPx } }: StageContext, tint: Rgb): Tint | undefined {
  const curves = tintCurves(tint)?.map(({ table }) => space.constant(table));
  if (curves === undefined) return undefined;
  const planes = curves.map(() => allocatePlane(space, widthPx, 8)) as [number, number, number];
  return (grey) => {
    curves.forEach((curve, c) => {
      space.kernels.curve(grey, widthPx, curve, tintSteps, planes[c] as number);
    });
    return planes;
  };
}

/**
 * Returns red, green and blue as curves over the grey, undefined for a grey tint. Adds the tint's OKLab a and b, in full for mid-tones and not at the
 * ends, at the grey's lightness.
 */
export function tintCurves(tint: Rgb): readonly [Curve, Curve, Curve] | undefined {
  if (!isTint(tint)) return undefined;
  const [, a, b] = toOklab(tint);
  const tinted = (value: number): Rgb => {
    const [lightness] = toOklab([value, value, value]);
    const share = 4 * lightness * (1 - lightness);
    return fromOklab([lightness, a * share, b * share]);
  };
  const curveOf = (channel: number) => tabulate((value) => tinted(value)[channel] as number, tintSteps);
  return [curveOf(0), curveOf(1), curveOf(2)];
}
