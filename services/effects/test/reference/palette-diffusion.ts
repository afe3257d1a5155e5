import type { Rgb } from "../../src/domain/color/color.ts";
import type { Tap } from "../../src/domain/dither/diffusions.ts";
import { asLight, createNearest, kept, type Values } from "./palette-match.ts";

const f = Math.fround;

/** Chooses the index of a color for each pixel of a row of values, three for each. Called once for each row, top-down. */
export type ColorQuantizer = (values: Float32Array, y: number, alpha: (x: number) => number) => readonly number[];

/**
 * Creates error diffusion to a palette: the error of a pixel is a vector, in single floats. Errors from earlier rows come first, then those of the row.
 * Values with errors are limited to -1 to 2.
 */
export function createPaletteDiffusion(
  widthPx: number,
  colors: readonly Rgb[],
  options: { taps: readonly Tap[]; strength: number; serpentine: boolean; values: Values },
): ColorQuantizer {
  const { values: how, serpentine } = options;
  const find = createNearest(colors, how);
  const known = kept(`diffusion ${how === asLight} ${colors.join()}`) as Map<number, number>;
  const levels = colors.map((color) => Float32Array.from(how.of(color)));
  const taps = options.taps.map(([right, down, share]) => ({ right, down, share: f(share * options.strength) }));
  let owed: Float32Array[] = [0, 1, 2].map(() => new Float32Array(3 * widthPx));

  // Cells have even steps from -1 to 2, in the square root of light with its sign, or in encoded values.
  const isLight = how === asLight;
  const scale = 95 / (1 + (isLight ? Math.SQRT2 : 2));
  const stepOf = (value: number): number => {
    const spread = isLight ? f(Math.sqrt(Math.abs(value))) * Math.sign(value) : value;
    return Math.floor(f(f(f(spread + 1) * f(scale)) + 0.5));
  };
  const middleOf = (step: number): number => {
    const even = step / scale - 1;
    return isLight ? even * Math.abs(even) : even;
  };
  const nearest = (wanted: Rgb): number => {
    const [red, green, blue] = [stepOf(wanted[0]), stepOf(wanted[1]), stepOf(wanted[2])];
    const key = (red * 96 + green) * 96 + blue;
    const index = known.get(key) ?? find([middleOf(red), middleOf(green), middleOf(blue)]);
    known.set(key, index);
    return index;
  };

  return (row, y, alpha) => {
    const isBackwards = serpentine && y % 2 === 1;
    const [here, ...below] = owed as [Float32Array, Float32Array, Float32Array];
    const plane = row.map((value, i) => value + (here[i] as number));
    const wantedAt = (i: number) => Math.min(2, Math.max(-1, plane[i] as number));
    const indices = new Array<number>(widthPx).fill(0);
    for (let step = 0; step < widthPx; step++) {
      const x = isBackwards ? widthPx - 1 - step : step;
      const wanted: Rgb = [wantedAt(3 * x), wantedAt(3 * x + 1), wantedAt(3 * x + 2)];
      const index = nearest(wanted);
      indices[x] = index;
      if (alpha(x) === 0) continue;
      const level = levels[index] as Float32Array;
      for (const { right, down, share } of taps) {
        const to = isBackwards ? x - right : x + right;
        if (to < 0 || to >= widthPx) continue;
        const target = down === 0 ? plane : (below[down - 1] as Float32Array);
        for (let c = 0; c < 3; c++) {
          const error = f((wanted[c] as number) - (level[c] as number));
          target[3 * to + c] = (target[3 * to + c] as number) + f(error * share);
        }
      }
    }
    owed = [...below, new Float32Array(3 * widthPx)];
    return indices;
  };
}
