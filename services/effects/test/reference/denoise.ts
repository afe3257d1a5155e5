import type { Rgb } from "../../src/domain/color/color.ts";
import { fromOklab, type Oklab, toOklab } from "../../src/domain/color/oklab.ts";
import { type Pixels, pixelAt } from "./planes.ts";

/** How much a colour at a distance counts; `variance` is the squared standard deviation. */
export type Closeness = (squaredDistance: number, variance: number) => number;

/** The closeness of the effect: a Gaussian's polynomial. */
export const polynomial: Closeness = (squared, variance) => Math.max(0, 1 - squared / (16 * variance)) ** 8;

/** The closeness of the paper. */
export const exact: Closeness = (squared, variance) => Math.exp(-squared / (2 * variance));

/** The effect denoise: for each pixel the weighted mean of all pixels in a disc around it, beyond 3 px on the black fields of a chessboard. */
export function denoiseReference(
  picture: Pixels,
  { strength = 40, radius = 3, color = 100 }: { strength?: number; radius?: number; color?: number },
  closeness: Closeness = polynomial,
): Pixels {
  const labs = picture.rgba.map((pixel) => toOklab(pixel.slice(0, 3) as unknown as Rgb));
  const labAt = pixelAt(picture, labs);
  const rgbaAt = pixelAt(picture, picture.rgba);
  const variance = (0.15 * (strength / 100)) ** 2;
  const share = color / 100;
  const rgba = picture.rgba.map((pixel, i) => {
    const [x, y] = [i % picture.widthPx, Math.floor(i / picture.widthPx)];
    const own = labs[i] as Oklab;
    const sums: [number, number, number] = [0, 0, 0];
    let total = 0;
    for (let down = -9; down <= 9; down++) {
      for (let right = -9; right <= 9; right++) {
        const distance = Math.hypot(right, down);
        if (distance >= radius + 1 || (distance > 3 && Math.abs(right + down) % 2 === 1)) continue;
        const lab = labAt(x + right, y + down);
        const squared = (lab[0] - own[0]) ** 2 + (lab[1] - own[1]) ** 2 + (lab[2] - own[2]) ** 2;
        const near = squared === 0 ? 1 : variance === 0 ? 0 : closeness(squared, variance);
        const weight = (1 - (distance / (radius + 1)) ** 2) ** 2 * near * (rgbaAt(x + right, y + down)[3] as number);
        total += weight;
        for (const c of [0, 1, 2] as const) sums[c] += weight * lab[c];
      }
    }
    const [l, a, b] = total > 0 ? sums.map((sum) => sum / total) : own;
    const moved: Oklab = [
      l as number,
      own[1] + share * ((a as number) - own[1]),
      own[2] + share * ((b as number) - own[2]),
    ];
    return [...fromOklab(moved), pixel[3] as number];
  });
  return { ...picture, rgba };
}
