import { type Rgb, toLinear, toRgb } from "../../src/domain/color/color.ts";
import { toOklab } from "../../src/domain/color/oklab.ts";
import { toPlace } from "../../src/domain/color/palette-match.ts";
import { type PaletteChoice, palettes } from "../../src/domain/color/palettes.ts";
import type { ThresholdMap } from "../../src/domain/dither/thresholds.ts";
import { linearOf } from "./curves.ts";

const f = Math.fround;
const candidates = 16;

/** Samples of a color as light or in encoded values, and back to light. */
export type Values = { readonly of: (color: Rgb) => Rgb; readonly toLight: (value: number) => number };

/** Colours add up as light. */
export const asLight: Values = {
  of: ([r, g, b]) => [toLinear(r), toLinear(g), toLinear(b)],
  toLight: (value) => value,
};

/** Colours add up in encoded values. */
export const asEncoded: Values = { of: (color) => color, toLight: linearOf };

/** Returns the colours of a choice, from dark to light. */
export function readPalette(choice: PaletteChoice, custom: string): readonly Rgb[] {
  const texts = choice === "custom" ? custom.split(/[\s,]+/) : palettes[choice].colors;
  const distinct = [...new Set(texts.map((text) => text.toLowerCase()))].map((text) => toRgb(text) as Rgb);
  return distinct.sort((one, other) => toOklab(one)[0] - toOklab(other)[0]);
}

/**
 * Returns the function that finds the index of the color nearest to three values, which it limits to -1 to 2. By what they lie outside 0 to
 * 1 they pull the choice to colours of that side. Distances are single floats.
 */
export function createNearest(colors: readonly Rgb[], values: Values): (wanted: Rgb) => number {
  const places = Float32Array.from(colors.flatMap((color) => [...toPlace(toOklab(color)), ...values.of(color)]));
  return (wanted) => {
    const inside = wanted.map((value) => Math.min(1, Math.max(0, value)));
    const outside = wanted.map((value, c) => f(Math.min(2, Math.max(-1, value)) - (inside[c] as number)));
    const place = toPlace(labOf(inside.map(values.toLight)));
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let i = 0; i < places.length; i += 6) {
      let [square, pull] = [0, 0];
      for (let c = 0; c < 3; c++) {
        const apart = f((places[i + c] as number) - f(place[c] as number));
        square = f(square + f(apart * apart));
        pull = f(pull + f((outside[c] as number) * (places[i + 3 + c] as number)));
      }
      if (f(square - pull) < least) [best, least] = [i / 6, f(square - pull)];
    }
    return best;
  };
}

// OKLab of linear light: B. Ottosson, "A perceptual color space for image processing" (2020).
function labOf(light: readonly number[]): [number, number, number] {
  const sum = (a: number, b: number, c: number, of: readonly number[]) =>
    a * (of[0] as number) + b * (of[1] as number) + c * (of[2] as number);
  const cones = [
    Math.cbrt(sum(0.4122214708, 0.5363325363, 0.0514459929, light)),
    Math.cbrt(sum(0.2119034982, 0.6806995451, 0.1073969566, light)),
    Math.cbrt(sum(0.0883024619, 0.2817188376, 0.6299787005, light)),
  ];
  return [
    sum(0.2104542553, 0.793617785, -0.0040720468, cones),
    sum(1.9779984951, -2.428592205, 0.4505937099, cones),
    sum(0.0259040371, 0.7827717662, -0.808675766, cones),
  ];
}

const tables = new Map<string, Map<string, unknown>>();

/** Returns the table of what was found for a palette and its settings. The tests print many pictures with each. */
export function kept(key: string): Map<string, unknown> {
  const table = tables.get(key) ?? new Map<string, unknown>();
  tables.set(key, table);
  return table;
}

/** Returns the function that chooses a color's index at a pixel: T. Knoll's pattern dithering, for colours in 64 steps of encoded samples. */
export function createPattern(
  colors: readonly Rgb[],
  options: { map: ThresholdMap; strength: number; values: Values },
): (color: Rgb, x: number, y: number) => number {
  const { map, strength, values } = options;
  const nearest = createNearest(colors, values);
  const made = kept(`pattern ${strength} ${values === asLight} ${colors.join()}`) as Map<string, readonly number[]>;
  const find = (goal: Rgb): readonly number[] => {
    const error: [number, number, number] = [0, 0, 0];
    const found = Array.from({ length: candidates }, () => {
      const index = nearest([
        goal[0] + error[0] * strength,
        goal[1] + error[1] * strength,
        goal[2] + error[2] * strength,
      ]);
      values.of(colors[index] as Rgb).forEach((value, c) => {
        error[c as 0 | 1 | 2] += (goal[c] as number) - value;
      });
      return index;
    });
    return found.sort((one, other) => one - other);
  };
  return (color, x, y) => {
    const [red, green, blue] = color.map((sample) => Math.round(sample * 63) / 63) as [number, number, number];
    const key = [red, green, blue].join();
    const known = made.get(key) ?? find(values.of([red, green, blue]));
    made.set(key, known);
    const threshold = map.thresholds[(y % map.sizePx) * map.sizePx + (x % map.sizePx)] as number;
    return known[Math.floor(threshold * candidates)] as number;
  };
}
