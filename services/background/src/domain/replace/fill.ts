import type { Frame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import { type ComposeKernels, vectorBytes } from "../../kernels/compose-kernels.ts";
import type { Layout } from "../../kernels/lay-out.ts";
import { toOpaqueRgb } from "../cut-out/matte.ts";
import type { Size } from "../planes/plane.ts";

/** Addresses of what a fill needs. `filled`: its result, four floats a pixel: red, green and blue from 0 to 255. */
export type FillAddress = {
  readonly colors: number;
  readonly alpha: number;
  readonly packed: number;
  readonly filled: number;
  readonly columns: number;
};

/** Lays out the memory for a fill of this size, 66,051 pixels at most. */
export function layOutFill(layout: Layout, size: Size): FillAddress {
  const pixels = size.widthPx * size.heightPx;
  return {
    colors: layout.add(pixels * 3),
    alpha: layout.add(pixels),
    packed: layout.add(pixels * 8),
    filled: layout.add(pixels * vectorBytes),
    columns: layout.add((size.widthPx + 2 * Math.max(...fillRadii(size))) * vectorBytes),
  };
}

/** Radii of the windows of a fill: they double from 1 px to more than the picture, so every pixel gets a colour. */
export function fillRadii({ widthPx, heightPx }: Size): number[] {
  const radii: number[] = [];
  for (let radius = 1; radius < 2 * Math.max(widthPx, heightPx); radius *= 2) radii.push(radius);
  return radii;
}

/** Estimates a picture where a cut-out of the same size hides it, as the reference `fillHole` does. */
export async function fill(
  kernels: ComposeKernels,
  { colors, alpha, packed, filled, columns }: FillAddress,
  picture: Frame,
  cutOut: Frame,
  pace: Pace,
): Promise<void> {
  const { widthPx, heightPx } = picture;
  const pixels = widthPx * heightPx;
  kernels.bytes(colors, pixels * 3).set(toOpaqueRgb(picture));
  const { channels, data } = cutOut;
  const hiding = kernels.bytes(alpha, pixels).fill(255);
  if (channels % 2 === 0) for (let at = 0; at < pixels; at++) hiding[at] = data[(at + 1) * channels - 1] as number;
  kernels.packHole(colors, alpha, pixels, packed, filled);
  for (const radiusPx of fillRadii(picture).reverse()) {
    kernels.fillHole(packed, filled, widthPx, heightPx, radiusPx, columns);
    await pace(pixels);
  }
}
