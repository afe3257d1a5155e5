import type { Frame } from "@pixelmesh/imaging";
import { toEncoded, toLinear } from "../../src/domain/color/color.ts";

/** Red, green, blue and alpha of a picture's pixels as doubles from 0 to 1; sRGB-encoded, alpha 1 if the picture has none. */
export type Pixels = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgba: readonly (readonly number[])[];
};

/** Reads a frame of 1 to 4 channels. */
export function toRgba({ widthPx, heightPx, channels, data }: Frame): Pixels {
  const rgba = Array.from({ length: widthPx * heightPx }, (_, i) => {
    const samples = [...data.subarray(i * channels, (i + 1) * channels)].map((byte) => byte / 255);
    const [first = 0, second = 1, third = 0, fourth = 1] = samples;
    return channels < 3 ? [first, first, first, channels === 2 ? second : 1] : [first, second, third, fourth];
  });
  return { widthPx, heightPx, rgba };
}

/** Returns a function that gives the pixel at x and y; edges are repeated. */
export function pixelAt<T>(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  values: readonly T[],
): (x: number, y: number) => T {
  const within = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  return (x, y) => values[within(y, heightPx) * widthPx + within(x, widthPx)] as T;
}

/** Weights of a kernel by distance from its middle: `weights[dy][dx]` with the middle at the middle of the arrays. */
export type Weights = readonly (readonly number[])[];

/** Returns the means of values, weighted by alpha and by a kernel whose sum may be any number. Undefined where all weights are 0. */
export function blurValues(
  size: { readonly widthPx: number; readonly heightPx: number },
  values: readonly (readonly number[])[],
  alphas: readonly number[],
  weights: Weights,
): (readonly number[] | undefined)[] {
  const valueAt = pixelAt(size, values);
  const alphaAt = pixelAt(size, alphas);
  const taps = weights.flatMap((row, j) =>
    row.map((weight, k) => ({ weight, right: k - (row.length - 1) / 2, down: j - (weights.length - 1) / 2 })),
  );
  return values.map((own, i) => {
    const [x, y] = [i % size.widthPx, Math.floor(i / size.widthPx)];
    const sums = own.map(() => 0);
    let total = 0;
    for (const { weight, right, down } of taps) {
      const share = weight * alphaAt(x + right, y + down);
      if (share === 0) continue;
      const value = valueAt(x + right, y + down);
      total += share;
      for (let c = 0; c < sums.length; c++) sums[c] = (sums[c] as number) + share * (value[c] as number);
    }
    return total > 0 ? sums.map((sum) => sum / total) : undefined;
  });
}

/** Returns the product of a kernel across and the same down. */
export function square(line: readonly number[]): Weights {
  return line.map((down) => line.map((across) => down * across));
}

/** Returns a picture blurred in linear light, weighted by alpha. Pixels without any visible one around keep their colour. */
export function blurLight(picture: Pixels, weights: Weights): Pixels {
  const light = picture.rgba.map(([r, g, b]) => [r, g, b].map((sample) => toLinear(sample as number)));
  const alphas = picture.rgba.map((pixel) => pixel[3] as number);
  const means = blurValues(picture, light, alphas, weights);
  const rgba = picture.rgba.map((own, i) => [...(means[i]?.map(toEncoded) ?? own.slice(0, 3)), own[3] as number]);
  return { ...picture, rgba };
}

/** Returns the samples of a frame of 3 or 4 channels beside those wanted, as pairs of levels from 0 to 255; invisible pixels left out. */
export function toLevels(result: Frame, wanted: Pixels): [number, number][] {
  const got = toRgba(result).rgba;
  return got.flatMap((pixel, i) =>
    pixel[3] === 0
      ? []
      : pixel.map((value, c): [number, number] => [value * 255, (wanted.rgba[i]?.[c] as number) * 255]),
  );
}

/** Returns the largest difference of a frame from the picture that is wanted, in levels before rounding; invisible pixels left out. */
export function farthest(result: Frame, wanted: Pixels): number {
  return toLevels(result, wanted).reduce((most, [got, want]) => Math.max(most, Math.abs(got - want)), 0);
}
