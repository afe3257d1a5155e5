import type { Pace } from "@pixelmesh/lifecycle";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { printKernels } from "../../kernels/print-kernels.ts";
import { clusterColors } from "../color/cluster-colors.ts";
import type { WeightedColors } from "../color/cluster-start.ts";
import type { Rgb } from "../color/color.ts";
import { fromOklab, toOklab } from "../color/oklab.ts";
import { toByte } from "../rows/mix.ts";
import type { RowShape } from "../rows/rows.ts";
import { createRowReader } from "./picture-rows.ts";
import { type EffectMemory, type PrepareContext, stageMemory, wholePicture } from "./prepared-effect.ts";

const cells = 32 * 64 * 32;
const cellBytes = 32;

// About 1 MB of a picture of floats.
const stripSamples = 256 * 1_024;

// A strip of rows as it is read, and rounded; the histogram and its copy; places, weights and distances of its colours.
const searchBytes = 3 * stripSamples * 4 + 2 * cells * cellBytes + cells * 100;

// The conversion to OKLab takes as long as some 16 pixels of other work.
const pixelsPerPoint = 16;

const black: Rgb = [0, 0, 0];

/** The settings of a choice of colours: a palette, those of the caller, and how many to find in the picture. */
export type ColorChoice = {
  readonly palette: string;
  readonly colors: readonly Rgb[];
  readonly adaptive_colors: number;
};

/** Whether the colours are those of the picture. */
export function isAdaptive({ palette }: ColorChoice): boolean {
  return palette === "adaptive";
}

/** Returns the settings with the colours of the picture as those of the caller, if they are to be found there. */
export async function chooseColors<S extends ColorChoice>(settings: S, context: PrepareContext): Promise<S> {
  if (!isAdaptive(settings)) return settings;
  return { ...settings, colors: await findPalette(context, settings.adaptive_colors) };
}

/** Returns the memory of an effect of one stage with such a choice. */
export function paletteMemory(settings: ColorChoice, shape: RowShape): EffectMemory {
  const { workBytes, pictureBytes } = stageMemory(shape);
  return { workBytes: workBytes + (isAdaptive(settings) ? searchBytes : 0), pictureBytes };
}

/**
 * Returns the palette of a picture, in whole bytes: its own colours if there are at most `count` of them, else `count` centres in OKLab of all its
 * visible pixels, weighted by alpha, which a histogram of 65,536 cells gathers. A picture without visible pixels gets black. Reads the
 * picture once.
 */
export async function findPalette(context: PrepareContext, count: number): Promise<readonly Rgb[]> {
  const { own, histogram } = await readColors(context, count);
  if (own === undefined) {
    const centers = await clusterColors(await toPoints(histogram, context.pace), count, context.pace);
    return centers.map((center) => toWholeBytes(fromOklab(center)));
  }
  const colors = [...own].map((key): Rgb => [(key >> 16) / 255, ((key >> 8) & 255) / 255, (key & 255) / 255]);
  return colors.length > 0 ? colors : [black];
}

function toWholeBytes([red, green, blue]: Rgb): Rgb {
  return [toByte(red) / 255, toByte(green) / 255, toByte(blue) / 255];
}

type PictureColors = {
  /** The colours of all visible pixels as numbers of 24 bits. Undefined for more than wanted. */
  readonly own: ReadonlySet<number> | undefined;
  /** Weight, and red, green and blue times it, for each cell. */
  readonly histogram: Float64Array;
};

async function readColors(context: PrepareContext, count: number): Promise<PictureColors> {
  const picture = wholePicture(context);
  const { widthPx, heightPx, channels } = picture.shape;
  const space = openKernelSpace();
  try {
    const { countColors } = space.use(printKernels);
    const stripRows = Math.min(heightPx, Math.max(1, Math.floor(stripSamples / (widthPx * channels))));
    const reader = createRowReader(space, picture, stripRows);
    const isFloat = picture.format === "floats";
    const rounded = space.allocate(isFloat ? stripRows * widthPx * channels : 0);
    const sums = space.allocate(cells * cellBytes);
    let own: Set<number> | undefined = new Set();
    for (let top = 0; top < heightPx; top += stripRows) {
      const pixels = Math.min(stripRows, heightPx - top) * widthPx;
      const rows = await reader.read(top, pixels / widthPx);
      if (isFloat) space.kernels.floatsToBytes(rows, pixels * channels, rounded);
      const bytes = isFloat ? rounded : rows;
      countColors(bytes, channels, pixels, sums);
      if (own && !addColors(space.bytes(bytes, pixels * channels), channels, own, count)) own = undefined;
      await context.pace(pixels);
    }
    const bytes = space.bytes(sums, cells * cellBytes).slice();
    return { own, histogram: new Float64Array(bytes.buffer) };
  } finally {
    space.close();
  }
}

/** Adds the colours of visible pixels to a set. Returns false once there are more than `count`. */
function addColors(bytes: Uint8Array, channels: 3 | 4, own: Set<number>, count: number): boolean {
  let last = -1;
  for (let i = 0; i < bytes.length; i += channels) {
    if (channels === 4 && bytes[i + 3] === 0) continue;
    const key = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    if (key === last) continue;
    last = key;
    own.add(key);
    if (own.size > count) return false;
  }
  return true;
}

async function toPoints(histogram: Float64Array, pace: Pace): Promise<WeightedColors> {
  const places: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < histogram.length; at += 4) {
    const weight = histogram[at] as number;
    if (weight === 0) continue;
    const mean = (c: number) => (histogram[at + c] as number) / (255 * weight);
    places.push(...toOklab([mean(1), mean(2), mean(3)]));
    weights.push(weight);
    await pace(pixelsPerPoint);
  }
  return { places: Float64Array.from(places), weights: Float64Array.from(weights) };
}
