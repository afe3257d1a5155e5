import type { Rgb } from "../../src/domain/color/color.ts";
import { fromOklab, toOklab } from "../../src/domain/color/oklab.ts";
import { extendedBoxLine, gaussianLine } from "./blur.ts";
import { blurValues, type Pixels, square } from "./planes.ts";

/** Returns the picture with the change of lightness that `change` gives for a lightness and its surroundings' mean, weighted by alpha. */
export function changeLightness(
  picture: Pixels,
  radiusPx: number,
  change: (lightness: number, mean: number) => number,
): Pixels {
  const colors = picture.rgba.map((pixel) => toOklab(pixel.slice(0, 3) as unknown as Rgb));
  const line = radiusPx <= 4 ? gaussianLine(radiusPx / 2) : extendedBoxLine(radiusPx / 2);
  const lightnesses = colors.map(([lightness]) => [lightness]);
  const alphas = picture.rgba.map((pixel) => pixel[3] as number);
  const means = blurValues(picture, lightnesses, alphas, square(line));
  const rgba = picture.rgba.map((pixel, i) => {
    const [lightness, a, b] = colors[i] as readonly [number, number, number];
    const mean = means[i]?.[0] ?? lightness;
    return [...fromOklab([lightness + change(lightness, mean), a, b]), pixel[3] as number];
  });
  return { ...picture, rgba };
}

/** The effect sharpen: an unsharp mask with a threshold and a limit. */
export function sharpenReference(
  picture: Pixels,
  {
    amount = 100,
    radius = 2,
    threshold = 2,
    halo = 25,
  }: Partial<Record<"amount" | "radius" | "threshold" | "halo", number>>,
): Pixels {
  return changeLightness(picture, radius, (lightness, mean) => {
    const difference = lightness - mean;
    const excess = Math.sign(difference) * Math.max(0, Math.abs(difference) - threshold / 255);
    const change = (amount / 100) * excess;
    return Math.sign(change) * Math.min(Math.abs(change), halo / 100);
  });
}

/** The effect clarity: an unsharp mask for mid-tones, half as strong for a difference of a quarter. */
export function clarityReference(
  picture: Pixels,
  { amount = 50, radius = 30 }: { amount?: number; radius?: number },
): Pixels {
  return changeLightness(picture, radius, (lightness, mean) => {
    const difference = lightness - mean;
    const inMiddle = Math.max(0, 4 * lightness * (1 - lightness));
    return (amount / 100) * inMiddle * (difference / (1 + (difference / 0.25) ** 2));
  });
}
