import type { Pace } from "@pixelmesh/lifecycle";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type BlurShape, gaussian } from "../detail/blur-shape.ts";
import { allocateRow } from "../detail/float-rows.ts";
import { createRowBlur } from "../detail/row-blur.ts";
import type { Row } from "../rows/rows.ts";

/** Takes the next row of a plane and returns the blurred row that lies `blurReach` rows above it. It is valid until the next call. */
export type AlphaBlur = (row: Row) => Row;

/** Returns how many rows and columns the Gaussian blur of a standard deviation reaches to each side. */
export function blurReach(sigmaPx: number): number {
  return reachOf(gaussian(sigmaPx));
}

/**
 * Creates a Gaussian blur of rows of `widthPx` values that are 0 for the blur's reach at both ends. Rows above the first one are 0. Takes turns by `pace`
 * while it takes those.
 */
export async function createAlphaBlur(
  space: KernelSpace,
  widthPx: number,
  sigmaPx: number,
  pace: Pace,
): Promise<AlphaBlur> {
  const shape = gaussian(sigmaPx);
  const blur = createRowBlur(space, { widthPx, channels: 1 }, shape);
  const blank = allocateRow(space, widthPx);
  for (let i = reachOf(shape); i > 0; i--) {
    blur.push(blank);
    await pace(widthPx);
  }
  // From now on each row has a blurred one.
  return (row) => blur.push(row) ?? blank;
}

function reachOf(shape: BlurShape): number {
  switch (shape.kind) {
    case "taps":
      return shape.weights.length - 1;
    case "boxes":
      return shape.passes * (shape.whole + 1);
    default:
      return shape.reach;
  }
}
