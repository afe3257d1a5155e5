import type { Pace } from "@pixelmesh/lifecycle";
import { defaultEpsilon } from "../../src/domain/cut-out/plan-cut-out.ts";
import { createPlane, type Plane } from "../../src/domain/planes/plane.ts";
import { boxMean } from "./box-mean.ts";
import { computePlane, mapChannels, type RgbPlanes } from "./rgb-planes.ts";
import { resamplePlane } from "./sampler.ts";

/** How a coarse matte is fitted to a picture's edges. */
export type RefineOptions = {
  /** Radius of the windows in which alpha is modelled as a linear function of colour, in pixels of the guide. */
  readonly radiusPx: number;
  /** Variance of colour (samples from 0 to 1, squared) that a window needs before its edges count. Default: that of plans. */
  readonly epsilon?: number;
};

/** A fitted matte: alpha of a pixel is the sum of slope × colour over the channels, plus the offset, all samples from 0 to 1. */
export type FittedMatte = { readonly slopes: RgbPlanes; readonly offset: Plane };

/**
 * Fits a coarse matte to the picture's edges by the guided filter with a colour guide, in its fast form: K. He, J. Sun, X. Tang,
 * "Guided image filtering" (2010), eq. 14-16, and K. He, J. Sun, "Fast guided filter" (2015). The windows are computed at the
 * guide's size. The fit is applied to the colours of the full picture, so alpha gets its detail.
 */
export async function fitMatte(
  matte: Plane,
  guide: RgbPlanes,
  { radiusPx, epsilon = defaultEpsilon }: RefineOptions,
  pace: Pace,
): Promise<FittedMatte> {
  const size = guide[0];
  const alpha = resamplePlane(matte, size);
  const mean = (plane: Plane) => boxMean(plane, radiusPx, pace);
  const meanOfProduct = async ({ data: x }: Plane, { data: y }: Plane) =>
    mean(await computePlane(size, pace, (at) => (x[at] as number) * (y[at] as number)));

  const meanAlpha = await mean(alpha);
  const means = await mapChannels((c) => mean(guide[c]));
  const withAlpha = await mapChannels((c) => meanOfProduct(guide[c], alpha));
  const squares = await mapChannels((c) => meanOfProduct(guide[c], guide[c]));
  // Red × green, red × blue, green × blue.
  const products = await mapChannels((c) => meanOfProduct(guide[c === 2 ? 1 : 0], guide[c === 0 ? 1 : 2]));

  const slopes = [createPlane(size), createPlane(size), createPlane(size)] as const;
  const offset = await computePlane(size, pace, (at) => {
    const [r, g, b] = [means[0].data[at] as number, means[1].data[at] as number, means[2].data[at] as number];
    const a = meanAlpha.data[at] as number;
    const slope = solveSymmetric(
      (squares[0].data[at] as number) - r * r + epsilon,
      (products[0].data[at] as number) - r * g,
      (products[1].data[at] as number) - r * b,
      (squares[1].data[at] as number) - g * g + epsilon,
      (products[2].data[at] as number) - g * b,
      (squares[2].data[at] as number) - b * b + epsilon,
      (withAlpha[0].data[at] as number) - r * a,
      (withAlpha[1].data[at] as number) - g * a,
      (withAlpha[2].data[at] as number) - b * a,
    );
    for (let c = 0; c < 3; c++) (slopes[c] as Plane).data[at] = slope[c] as number;
    return a - slope[0] * r - slope[1] * g - slope[2] * b;
  });
  return { slopes: await mapChannels((c) => mean(slopes[c])), offset: await mean(offset) };
}

/** Solves the symmetric system [a b c; b d e; c e f] x = [u v w] by Cramer's rule. */
function solveSymmetric(
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  u: number,
  v: number,
  w: number,
): [number, number, number] {
  const [df, ce, be] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const determinant = a * df + b * ce + c * be;
  const [af, bc, ad] = [a * f - c * c, b * c - a * e, a * d - b * b];
  return [
    (df * u + ce * v + be * w) / determinant,
    (ce * u + af * v + bc * w) / determinant,
    (be * u + bc * v + ad * w) / determinant,
  ];
}
