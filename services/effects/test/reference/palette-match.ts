import { type Rgb, toLinear, toRgb } from "../../src/domain/color/color.ts";
import { toOklab } from "../../src/domain/color/oklab.ts";
import { toPlace } from "../../src/domain/color/palette-match.ts";
import { type PaletteName, palettes } from "../../src/domain/color/palettes.ts";
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

/** A palette, or colours of the caller. */
export type FixedChoice = PaletteName | "custom";

/** Returns the colours of a choice, from dark to light. */
export function readPalette(choice: FixedChoice, custom: string): readonly Rgb[] {
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
  const limited = (value: number) => Math.min(2, Math.max(-1, value));
  const unit = (value: number) => Math.min(1, Math.max(0, value));
  return ([red, green, blue]) => {
    const place = toPlace(labOf(values.toLight(unit(red)), values.toLight(unit(green)), values.toLight(unit(blue))));
    const [lightness, a, b] = [f(place[0]), f(place[1]), f(place[2])];
    const outRed = f(limited(red) - unit(red));
    const outGreen = f(limited(green) - unit(green));
    const outBlue = f(limited(blue) - unit(blue));
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let i = 0; i < places.length; i += 6) {
      const down = f((places[i] as number) - lightness);
      const across = f((places[i + 1] as number) - a);
      const along = f((places[i + 2] as number) - b);
      const square = f(f(f(down * down) + f(across * across)) + f(along * along));
      const pullRed = f(outRed * (places[i + 3] as number));
      const pullGreen = f(outGreen * (places[i + 4] as number));
      const pullBlue = f(outBlue * (places[i + 5] as number));
      const apart = f(square - f(f(pullRed + pullGreen) + pullBlue));
      if (apart < least) [best, least] = [i / 6, apart];
    }
    return best;
  };
}

// OKLab of linear light: B. Ottosson, "A perceptual color space for image processing" (2020).
function labOf(red: number, green: number, blue: number): Rgb {
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

const tables = new Map<string, Map<number, unknown>>();

/** Returns the table of what was found for a palette and its settings, by cell. The tests print many pictures with each. */
export function kept(key: string): Map<number, unknown> {
  const table = tables.get(key) ?? new Map<number, unknown>();
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
  const of = colors.map(values.of);
  const made = kept(`pattern ${strength} ${values === asLight} ${colors.join()}`) as Map<number, readonly number[]>;
  const find = (goal: Rgb): readonly number[] => {
    const error: [number, number, number] = [0, 0, 0];
    const found = Array.from({ length: candidates }, () => {
      const index = nearest([
        goal[0] + error[0] * strength,
        goal[1] + error[1] * strength,
        goal[2] + error[2] * strength,
      ]);
      const [red, green, blue] = of[index] as Rgb;
      error[0] += goal[0] - red;
      error[1] += goal[1] - green;
      error[2] += goal[2] - blue;
      return index;
    });
    return found.sort((one, other) => one - other);
  };
  return (color, x, y) => {
    const [red, green, blue] = [Math.round(color[0] * 63), Math.round(color[1] * 63), Math.round(color[2] * 63)];
    const key = (red * 64 + green) * 64 + blue;
    const known = made.get(key) ?? find(values.of([red / 63, green / 63, blue / 63]));
    made.set(key, known);
    const threshold = map.thresholds[(y % map.sizePx) * map.sizePx + (x % map.sizePx)] as number;
    return known[Math.floor(threshold * candidates)] as number;
  };
}
