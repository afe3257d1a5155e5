import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Rgb, toLinear } from "./color.ts";
import { linearCurve } from "./curve.ts";
import { type Oklab, toOklab } from "./oklab.ts";

// B. Ottosson found that distances in OKLab agree best with perceived ones if a and b are doubled: w3c/csswg-drafts issue 6642 (2021).
const chromaWeight = 2;

// As in CIE94, where a difference of chroma is divided by 1 + 0.045 C: vivid colours lie closer together. So a weak colour is matched to a vivid one
// of its hue rather than to a grey. Chosen by portraits: higher values put green on skin.
const chromaCompression = 8;

const lastStep = 63;

/** The steps of a cell of a diffusion, for each channel. */
export const diffusionSteps = 96;

/** Returns the place of an OKLab colour among which palettes are searched for the nearest: the chroma is doubled and compressed. */
export function toPlace([lightness, a, b]: Oklab): Oklab {
  const scale = chromaWeight / (1 + chromaCompression * Math.sqrt(a * a + b * b));
  return [lightness, a * scale, b * scale];
}

/** Returns the colours from dark to light, without those that occur twice. */
export function sortByLightness(colors: readonly Rgb[]): readonly Rgb[] {
  const distinct = colors.filter((color, index) => colors.findIndex((other) => isSame(color, other)) === index);
  const sorted = distinct.map((color) => ({ color, lightness: toOklab(color)[0] }));
  return sorted.sort((one, other) => one.lightness - other.lightness).map(({ color }) => color);
}

function isSame(one: Rgb, other: Rgb): boolean {
  return one.every((sample, c) => sample === other[c]);
}

/** How colours are added up and errors measured: as light or in encoded values. */
export type PaletteSums = {
  readonly isLight: boolean;
  /** The value of each step of a cell. */
  readonly levels: Float64Array;
};

/** Steps that are even in encoded values, as those of `paletteCells`. */
export function evenSteps(isLight: boolean): PaletteSums {
  const encoded = Float64Array.from({ length: lastStep + 1 }, (_, i) => i / lastStep);
  return { isLight, levels: isLight ? encoded.map(toLinear) : encoded };
}

/** Steps from -1 to 2 that are even in the square root of light (of negative light, minus the root of the opposite), or in encoded values. */
export function wideSteps(isLight: boolean): PaletteSums & { readonly scale: number } {
  const scale = (diffusionSteps - 1) / (1 + (isLight ? Math.SQRT2 : 2));
  const even = Float64Array.from({ length: diffusionSteps }, (_, i) => i / scale - 1);
  return { isLight, levels: isLight ? even.map((root) => root * Math.abs(root)) : even, scale };
}

/** Returns a colour's samples as light or encoded. */
export function toValues(color: Rgb, isLight: boolean): Rgb {
  const [red, green, blue] = color;
  return isLight ? [toLinear(red), toLinear(green), toLinear(blue)] : color;
}

/** Writes the palette that kernels/print.ts describes, for 1 to 256 colours from dark to light, sRGB-encoded. Returns its address. */
export function createPaletteTable(
  space: KernelSpace,
  colors: readonly Rgb[],
  { isLight, levels }: PaletteSums,
): number {
  const groups = Math.ceil(colors.length / 4);
  // The places after the last colour are too far away to be the nearest.
  const places = new Float32Array(groups * 24).fill(1e6);
  const values = new Float64Array(colors.length * 4);
  colors.forEach((color, index) => {
    const first = Math.floor(index / 4) * 24 + (index % 4);
    const samples = toValues(color, isLight);
    [...toPlace(toOklab(color)), ...samples].forEach((value, i) => {
      places[first + 4 * i] = value;
    });
    values.set(samples, index * 4);
  });
  const state = new DataView(new ArrayBuffer(32));
  const curve = isLight ? 0 : space.constant(linearCurve.table);
  [groups, space.constant(places), space.constant(values), space.constant(levels), curve].forEach((value, i) => {
    state.setInt32(i * 4, value, true);
  });
  state.setFloat64(24, linearCurve.steps, true);
  return space.constant(new Uint8Array(state.buffer));
}
