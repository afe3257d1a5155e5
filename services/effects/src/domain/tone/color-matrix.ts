import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { toneKernels } from "../../kernels/tone-kernels.ts";
import type { Rgb } from "../color/color.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { RowPainter, RowShape, StageContext } from "../rows/rows.ts";
import { mapSums, type PixelSums } from "./map-sums.ts";

type Line = readonly [red: number, green: number, blue: number, offset: number];

/** Red, green and blue of a result as sums of the samples of a pixel, and an offset. */
export type ColorMatrix = readonly [red: Line, green: Line, blue: Line];

/** The matrix of CSS saturate(): W3C Filter Effects Module Level 1, feColorMatrix, type "saturate". 1 changes nothing, 0 leaves grey. */
export function saturateMatrix(s: number): ColorMatrix {
  return [
    [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s, 0],
    [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s, 0],
    [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s, 0],
  ];
}

/** The matrix of CSS hue-rotate(): the same module, type "hueRotate". */
export function hueMatrix(degrees: number): ColorMatrix {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [
    [0.213 + cos * 0.787 - sin * 0.213, 0.715 - cos * 0.715 - sin * 0.715, 0.072 - cos * 0.072 + sin * 0.928, 0],
    [0.213 - cos * 0.213 + sin * 0.143, 0.715 + cos * 0.285 + sin * 0.14, 0.072 - cos * 0.072 - sin * 0.283, 0],
    [0.213 - cos * 0.213 - sin * 0.787, 0.715 - cos * 0.715 + sin * 0.715, 0.072 + cos * 0.928 + sin * 0.072, 0],
  ];
}

/** The matrix of CSS sepia(): the same module, "Sepia". 0 changes nothing, 1 is sepia in full. */
export function sepiaMatrix(amount: number): ColorMatrix {
  const rest = 1 - amount;
  return [
    [0.393 + 0.607 * rest, 0.769 - 0.769 * rest, 0.189 - 0.189 * rest, 0],
    [0.349 - 0.349 * rest, 0.686 + 0.314 * rest, 0.168 - 0.168 * rest, 0],
    [0.272 - 0.272 * rest, 0.534 - 0.534 * rest, 0.131 + 0.869 * rest, 0],
  ];
}

/** CSS invert() as a matrix: the same module, "Invert", a line from `amount` to 1 - `amount`. */
export function invertMatrix(amount: number): ColorMatrix {
  const slope = 1 - 2 * amount;
  return [
    [slope, 0, 0, amount],
    [0, slope, 0, amount],
    [0, 0, slope, amount],
  ];
}

/** Returns the function that applies a matrix to the colours of a row of floats; results are limited to 0 to 1. A row may be mapped in place. */
export function createMatrix(
  space: KernelSpace,
  { widthPx, channels }: RowShape,
  lines: ColorMatrix,
): (from: number, to: number) => void {
  const columns = new Float32Array(16);
  for (let column = 0; column < 4; column++)
    lines.forEach((line, row) => {
      columns[column * 4 + row] = line[column] as number;
    });
  const address = space.constant(columns);
  const { matrix } = space.use(toneKernels);
  return (from, to) => matrix(from, channels, widthPx, address, to);
}

/** Returns a painter that applies a matrix to the colours of rows of any format; results are limited to 0 to 1. */
export function createMatrixPainter(context: StageContext, lines: ColorMatrix): RowPainter {
  return mapSums(context, sumsOf(lines), (own) => onFloats(own, createMatrix(own.space, own.shape, lines)));
}

// Half the distance of floats around 1.
const floatRounding = 2 ** -24;

function sumsOf(lines: ColorMatrix): PixelSums {
  const columns = [0, 1, 2, 3].map((column) => lines.map((line) => Math.fround(line[column] as number)));
  const offset = columns[3] as readonly number[];
  const sizes = lines.map(([red, green, blue]) => Math.abs(red) + Math.abs(green) + Math.abs(blue));
  const offsets = offset.map(Math.abs);
  return {
    added(channel, byte) {
      const column = columns[channel] as readonly number[];
      return column.map(
        (factor, c) => factor * byte + (channel === 0 ? 255 * (offset[c] as number) : 0),
      ) as unknown as Rgb;
    },
    // A sample and its product are rounded: twice the share of each term. So are the sum of two terms, at most all of them, that of three, at most 1 and the offset
    // where the result matters, and the result, at most 1. One more for the products of these errors.
    error: 255 * floatRounding * (3 * Math.max(...sizes) + 3 + Math.max(...offsets)),
  };
}
