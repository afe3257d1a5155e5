import { clampUnit, type Rgb } from "../../src/domain/color/color.ts";
import { curveAt } from "../../src/domain/color/curve.ts";
import { grainSpan, mixes } from "../../src/domain/effects/black-and-white.ts";
import { tintCurves } from "../../src/domain/tone/tint.ts";
import { type Curve, encodedOf, linearOf } from "./curves.ts";
import { createNoise } from "./noise.ts";
import { mapRows, type RowKernel, type RowShape, type RowTransform } from "./rows.ts";

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

function createGrey({
  weights: [red, green, blue],
  linear,
}: (typeof mixes)[keyof typeof mixes]): (r: number, g: number, b: number) => number {
  if (!linear) return (r, g, b) => Math.min(1, red * r + green * g + blue * b);
  return (r, g, b) => encodedOf(Math.min(1, red * linearOf(r) + green * linearOf(g) + blue * linearOf(b)));
}

function createToneCurve(brightness: number, contrast: number): Curve {
  if (brightness === 0 && contrast === 1) return (value) => value;
  // Filter Effects Module Level 1, contrast(): a line of this slope through mid-grey, on encoded values.
  return (value) => clampUnit((value + brightness - 0.5) * contrast + 0.5);
}

function createTint(tint: Rgb): readonly [Curve, Curve, Curve] {
  const curves = tintCurves(tint);
  if (curves === undefined) return [(value) => value, (value) => value, (value) => value];
  const [red, green, blue] = curves;
  return [(value) => curveAt(red, value), (value) => curveAt(green, value), (value) => curveAt(blue, value)];
}
