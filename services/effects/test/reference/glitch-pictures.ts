import type { Frame } from "@pixelmesh/imaging";
import type { Effect } from "@pixelmesh/proto";
import { parseEffects } from "../../src/domain/catalogue/catalogue.ts";
import { applyChain } from "../../src/domain/chain.ts";

/** A whole picture in doubles from 0 to 1, sRGB-encoded, with straight alpha last if there are four channels. */
export type Picture = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 3 | 4;
  readonly samples: Float64Array;
};

/** Returns a frame as such a picture, grey spread over three channels. Samples are floats, as in a chain. */
export function toPicture({ widthPx, heightPx, channels, data }: Frame): Picture {
  const order = { 1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3] }[channels];
  const samples = Float64Array.from({ length: widthPx * heightPx * order.length }, (_, i) => {
    const pixel = Math.floor(i / order.length);
    return Math.fround((data[pixel * channels + order[i % order.length]!] as number) / 255);
  });
  return { widthPx, heightPx, channels: order.length as 3 | 4, samples };
}

/** Returns a sample; past an edge that of the edge. */
export function sampleAt({ widthPx, heightPx, channels, samples }: Picture, x: number, y: number, c: number): number {
  const column = Math.min(widthPx - 1, Math.max(0, x));
  const row = Math.min(heightPx - 1, Math.max(0, y));
  return samples[(row * widthPx + column) * channels + c] as number;
}

/** Returns the alpha of a pixel, 1 without an alpha channel; past an edge that of the edge. */
export function alphaAt(picture: Picture, x: number, y: number): number {
  return picture.channels === 4 ? sampleAt(picture, x, y, 3) : 1;
}

/** Returns a picture with another value for each colour sample. Alpha is kept. */
export function mapSamples(picture: Picture, valueAt: (x: number, y: number, c: number) => number): Picture {
  const { widthPx, channels } = picture;
  const samples = picture.samples.map((value, i) => {
    const [c, pixel] = [i % channels, Math.floor(i / channels)];
    return c === 3 ? value : valueAt(pixel % widthPx, Math.floor(pixel / widthPx), c);
  });
  return { ...picture, samples };
}

/** Returns the largest distance in levels of 255 between the result of a chain, rounded to bytes, and a picture. */
export async function levelsApart(frame: Frame, effects: readonly Effect[], wanted: Picture): Promise<number> {
  const result = await applyChain(frame, parseEffects(effects));
  if (result.data.length !== wanted.samples.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (const [i, byte] of result.data.entries()) most = Math.max(most, Math.abs(byte - 255 * wanted.samples[i]!));
  return most;
}

/** Sizes at which an effect is compared with its reference. */
export const sizes = [
  [1, 1],
  [1, 37],
  [37, 1],
  [83, 41],
] as const;
