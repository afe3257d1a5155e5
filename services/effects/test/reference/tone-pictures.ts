import type { Channels, Frame } from "@pixelmesh/imaging";
import { expect } from "vitest";
import { parseEffects } from "../../src/domain/catalogue/catalogue.ts";
import { applyChain } from "../../src/domain/chain.ts";
import { clampUnit, type Rgb } from "../../src/domain/color/color.ts";
import { createPicture, toEffect, toPixels } from "../pictures.ts";

/** A picture of doubles from 0 to 1: the encoded colours of its pixels, and their alpha. */
export type Picture = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colors: readonly Rgb[];
  readonly alphas: readonly number[];
};

/** An effect on a whole picture. */
export type PictureEffect = (picture: Picture) => Picture;

/** Maps each colour on its own. */
export function mapColors(
  picture: Picture,
  change: (color: Rgb, x: number, y: number) => readonly [number, number, number],
): Picture {
  const { widthPx } = picture;
  const colors = picture.colors.map((color, i) => {
    const [red, green, blue] = change(color, i % widthPx, Math.floor(i / widthPx));
    return [clampUnit(red), clampUnit(green), clampUnit(blue)] as const;
  });
  return { ...picture, colors };
}

/** Maps each sample on its own. */
export function mapSamples(picture: Picture, change: (sample: number) => number): Picture {
  return mapColors(picture, ([red, green, blue]) => [change(red), change(green), change(blue)]);
}

/** Returns a frame as doubles; grey is spread over three channels. */
export function toPicture(frame: Frame): Picture {
  const pixels = toPixels(frame).map((pixel) => pixel.map((value) => value / 255));
  const isGrey = frame.channels < 3;
  const colorOf = ([red = 0, green = 0, blue = 0]: number[]): Rgb => (isGrey ? [red, red, red] : [red, green, blue]);
  const hasAlpha = frame.channels % 2 === 0;
  return {
    widthPx: frame.widthPx,
    heightPx: frame.heightPx,
    colors: pixels.map(colorOf),
    alphas: pixels.map((pixel) => (hasAlpha ? (pixel.at(-1) as number) : 1)),
  };
}

/** Returns the largest distance of a frame from a picture, in levels of 255, and where `skips` says that a sample counts. */
export function furthest(frame: Frame, wanted: Picture, skips: (pixel: number) => boolean = () => false): number {
  let worst = 0;
  toPixels(frame).forEach((pixel, i) => {
    if (skips(i)) return;
    (wanted.colors[i] as Rgb).forEach((sample, c) => {
      worst = Math.max(worst, Math.abs((pixel[c] as number) - sample * 255));
    });
  });
  return worst;
}

type Settings = Record<string, number | string | boolean>;

/** Half a level is the rounding to bytes; the rest is for tables of floats, whose entries are interpolated. */
export const bound = 0.6;

/** Sizes and channels on which an effect is compared with its reference. */
export const shapes: readonly (readonly [widthPx: number, heightPx: number, channels: Channels])[] = [
  [1, 1, 3],
  [1, 37, 3],
  [37, 1, 4],
  [83, 41, 1],
  [83, 41, 2],
  [83, 41, 3],
  [83, 41, 4],
];

/**
 * Expects an effect to equal its reference on pictures of many shapes: within `bound` alone, and within a level before and after curves that are not
 * straight, where rows are floats.
 */
export async function expectReference(
  name: string,
  settings: Settings,
  reference: PictureEffect,
  skips: (picture: Picture) => (pixel: number) => boolean = () => () => false,
): Promise<void> {
  const effect = toEffect(name, settings);
  for (const [widthPx, heightPx, channels] of shapes) {
    const frame = createPicture(widthPx, heightPx, channels);
    const picture = toPicture(frame);
    const alone = await applyChain(frame, parseEffects([effect]));
    const place = `${name} ${JSON.stringify(settings)} on ${widthPx}x${heightPx}x${channels}`;
    expect(furthest(alone, reference(picture), skips(picture)), place).toBeLessThan(bound);
  }
  const sepia = toEffect("sepia", { amount: 40 });
  const frame = createPicture(67, 29, 4);
  const between = await applyChain(frame, parseEffects([sepia, effect, sepia]));
  const before = faintSepia(toPicture(frame));
  expect(furthest(between, faintSepia(reference(before)), skips(before)), `${name} in a chain`).toBeLessThan(1);
}

/** CSS sepia(40%) by its formula. */
function faintSepia(picture: Picture): Picture {
  return mapColors(picture, ([r, g, b]) => [
    r * 0.7572 + g * 0.3076 + b * 0.0756,
    r * 0.1396 + g * 0.8744 + b * 0.0672,
    r * 0.1088 + g * 0.2136 + b * 0.6524,
  ]);
}
