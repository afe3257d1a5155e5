import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import type { Picture } from "./glitch-pictures.ts";

/** The settings of the kinds zoom and spin of the effect motion. */
export type PathSettings = {
  readonly kind: "zoom" | "spin";
  readonly amount: number;
  readonly arc: number;
  readonly center_x: number;
  readonly center_y: number;
};

/** Red, green, blue, each times alpha, and alpha: linear light of all pixels, row by row. */
type Light = readonly (readonly number[])[];

/** A place that a tap reads at, from the centre, for a pixel at x, y from the centre; and its weight. */
type Tap = { readonly weight: number; readonly at: (x: number, y: number) => readonly [number, number] };

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function lightOf({ samples, channels }: Picture): Light {
  return Array.from({ length: samples.length / channels }, (_, i) => {
    const [r = 0, g = 0, b = 0, a = 1] = samples.subarray(i * channels, (i + 1) * channels);
    return [...[r, g, b].map((value) => toLinear(value) * a), a];
  });
}

function centerOf({ widthPx, heightPx }: Picture, { center_x, center_y }: PathSettings) {
  return { x: (widthPx * center_x) / 100 - 0.5, y: (heightPx * center_y) / 100 - 0.5 };
}

/** Returns the light at a place between pixels, by bilinear interpolation. Places past an edge are moved to it. */
function lightAt({ widthPx, heightPx }: Picture, light: Light, x: number, y: number): number[] {
  const [u, v] = [Math.min(widthPx - 1, Math.max(0, x)), Math.min(heightPx - 1, Math.max(0, y))];
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const [right, bottom] = [Math.min(widthPx - 1, left + 1), Math.min(heightPx - 1, top + 1)];
  const [toRight, down] = [u - left, v - top];
  const corners = [
    { pixel: light[top * widthPx + left]!, share: (1 - toRight) * (1 - down) },
    { pixel: light[top * widthPx + right]!, share: toRight * (1 - down) },
    { pixel: light[bottom * widthPx + left]!, share: (1 - toRight) * down },
    { pixel: light[bottom * widthPx + right]!, share: toRight * down },
  ];
  return [0, 1, 2, 3].map((c) => sumOf(corners.map(({ pixel, share }) => share * pixel[c]!)));
}

/** Returns the light of each pixel: the sum of its taps. */
function sumTaps(picture: Picture, settings: PathSettings, light: Light, taps: readonly Tap[]): Light {
  const center = centerOf(picture, settings);
  const total = sumOf(taps.map(({ weight }) => weight));
  return light.map((_, i) => {
    const [x, y] = [(i % picture.widthPx) - center.x, Math.floor(i / picture.widthPx) - center.y];
    const sums = [0, 0, 0, 0];
    for (const { weight, at } of taps) {
      const [right, down] = at(x, y);
      lightAt(picture, light, center.x + right, center.y + down).forEach((value, c) => {
        sums[c]! += (weight / total) * value;
      });
    }
    return sums;
  });
}

/** Returns the picture with other light. Alpha is kept, and the colours of pixels whose light has no alpha are. */
function withLight(picture: Picture, light: Light): Picture {
  const { channels } = picture;
  const samples = picture.samples.map((own, i) => {
    const [c, sums] = [i % channels, light[Math.floor(i / channels)]!];
    return c === 3 || sums[3] === 0 ? own : toEncoded(sums[c]! / sums[3]!);
  });
  return { ...picture, samples };
}

/** Returns the tap at a part of a path: -0.5 is its first end, 0.5 its last one. */
function tapAt({ kind, amount, arc }: PathSettings, part: number): Tap {
  if (kind === "zoom") {
    // Equal parts of the logarithm of the scale: a part at a larger scale is longer.
    const [first, last] = [1 - amount / 200, 1 + amount / 200];
    const scale = Math.sqrt(first * last) * (last / first) ** part;
    return { weight: scale, at: (x, y) => [x * scale, y * scale] };
  }
  const turn = (part * arc * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return { weight: 1, at: (x, y) => [x * cos - y * sin, x * sin + y * cos] };
}

/** Returns the length of the longest path in pixels, across or down, measured as its middle. */
function longestOf(picture: Picture, settings: PathSettings): number {
  const { x, y } = centerOf(picture, settings);
  const reach = Math.max(x, y, picture.widthPx - 1 - x, picture.heightPx - 1 - y);
  const { kind, amount, arc } = settings;
  return reach * (kind === "spin" ? (arc * Math.PI) / 180 : Math.log((1 + amount / 200) / (1 - amount / 200)));
}

/** The kinds zoom and spin of the effect motion over a whole picture: the mean along each path in passes, the large steps first. */
export function pathReference(picture: Picture, settings: PathSettings): Picture {
  const steps = Math.ceil(longestOf(picture, settings));
  if (steps <= 1) return picture;
  const passes = steps <= 12 ? 1 : steps <= 144 ? 2 : 3;
  let count = 1;
  while (count ** passes < steps) count += 1;
  let light = lightOf(picture);
  for (let pass = 1; pass <= passes; pass++) {
    const middle = tapAt(settings, 0);
    const parts = Array.from({ length: count }, (_, k) => (k - (count - 1) / 2) / count ** pass);
    const taps = parts.map((part) => tapAt(settings, part));
    // The middle of a zoom is not at the scale 1. Only one pass may move it.
    const back = settings.kind === "zoom" && pass > 1 ? middle.weight : 1;
    const moved = taps.map(({ weight, at }): Tap => ({ weight, at: (x, y) => at(x / back, y / back) }));
    light = sumTaps(picture, settings, light, moved);
  }
  return withLight(picture, light);
}

/** The mean along each path itself, at four places for each pixel of the longest one. */
export function pathMean(picture: Picture, settings: PathSettings): Picture {
  const count = 4 * Math.ceil(longestOf(picture, settings));
  const taps = Array.from({ length: count }, (_, k) => tapAt(settings, (k + 0.5) / count - 0.5));
  return withLight(picture, sumTaps(picture, settings, lightOf(picture), taps));
}
