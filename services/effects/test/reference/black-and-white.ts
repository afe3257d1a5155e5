import { clampUnit, lumaWeights, luminanceWeights, type Rgb } from "../../src/domain/color/color.ts";
import { fromOklab, toOklab } from "../../src/domain/color/oklab.ts";
import { type Curve, createCurve, encodedOf, linearOf } from "./curves.ts";
import { createNoise } from "./noise.ts";
import { mapRows, type RowKernel, type RowShape, type RowTransform } from "./rows.ts";

/** Weights of red, green and blue in the grey, and whether they are added in linear light. */
type Mix = { readonly weights: Rgb; readonly linear: boolean };

// The share of each primary that a filter before the lens lets through; the film then sees luminance. The shares are our
// choice.
const filters = {
  red_filter: [1, 0.03, 0],
  orange_filter: [1, 0.4, 0.02],
  yellow_filter: [1, 0.9, 0.08],
  green_filter: [0.2, 1, 0.2],
  blue_filter: [0, 0.03, 1],
} as const satisfies Record<string, Rgb>;

const mixes = {
  luminance: { weights: luminanceWeights, linear: true },
  luma: { weights: lumaWeights, linear: false },
  average: { weights: [1 / 3, 1 / 3, 1 / 3], linear: false },
  red_filter: filtered(filters.red_filter),
  orange_filter: filtered(filters.orange_filter),
  yellow_filter: filtered(filters.yellow_filter),
  green_filter: filtered(filters.green_filter),
  blue_filter: filtered(filters.blue_filter),
} as const satisfies Record<string, Mix>;

// At 100 % the grain's standard deviation in mid-grey is a sixth of the range from black to white.
const grainSpan = 0.4;

type Settings = {
  readonly mode: keyof typeof mixes;
  readonly brightness: number;
  readonly contrast: number;
  readonly grain: number;
  readonly grain_size: number;
  readonly seed: number;
  readonly tint: Rgb;
};

/** The effect black_and_white, pixel by pixel. */
export function blackAndWhite(settings: Settings, { widthPx, channels }: RowShape): RowTransform {
  const grey = createGrey(mixes[settings.mode]);
  const tone = createToneCurve(settings.brightness / 100, settings.contrast);
  const tint = createTint(settings.tint);
  const span = (settings.grain / 100) * grainSpan;
  const noise = span > 0 ? createNoise(widthPx, settings.seed, settings.grain_size) : undefined;
  const kernel: RowKernel = (row, y) => {
    const grains = noise?.(y);
    for (let x = 0, i = 0; x < widthPx; x++, i += channels) {
      let value = tone(grey(row[i] as number, row[i + 1] as number, row[i + 2] as number));
      if (grains !== undefined) {
        value = clampUnit(value + span * (0.25 + 3 * value * (1 - value)) * (grains[x] as number));
      }
      row[i] = tint[0](value);
      row[i + 1] = tint[1](value);
      row[i + 2] = tint[2](value);
    }
  };
  return mapRows(kernel);
}

function filtered(shares: Rgb): Mix {
  const [r, g, b] = luminanceWeights.map((weight, c) => weight * (shares[c] as number)) as [number, number, number];
  const sum = r + g + b;
  return { weights: [r / sum, g / sum, b / sum], linear: true };
}

function createGrey({ weights: [red, green, blue], linear }: Mix): (r: number, g: number, b: number) => number {
  if (!linear) return (r, g, b) => Math.min(1, red * r + green * g + blue * b);
  return (r, g, b) => encodedOf(Math.min(1, red * linearOf(r) + green * linearOf(g) + blue * linearOf(b)));
}

function createToneCurve(brightness: number, contrast: number): Curve {
  if (brightness === 0 && contrast === 1) return (value) => value;
  // Filter Effects Module Level 1, contrast(): a line of this slope through mid-grey, on encoded values.
  return (value) => clampUnit((value + brightness - 0.5) * contrast + 0.5);
}

// Adds the tint's OKLab a and b, in full for mid-tones and not at the ends, at the grey's lightness.
function createTint(tint: Rgb): readonly [Curve, Curve, Curve] {
  const [, a, b] = toOklab(tint);
  if (Math.hypot(a, b) < 1e-4) return [(value) => value, (value) => value, (value) => value];
  const tinted = (value: number): Rgb => {
    const [lightness] = toOklab([value, value, value]);
    const share = 4 * lightness * (1 - lightness);
    return fromOklab([lightness, a * share, b * share]);
  };
  return [0, 1, 2].map((c) => createCurve((value) => tinted(value)[c] as number, 1_024)) as [Curve, Curve, Curve];
}
