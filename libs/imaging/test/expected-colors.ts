// Independent arithmetic from the specifications: coded samples of one RGB space to 8-bit sRGB. Both white points are D65, so no
// adaptation and no connection space is needed.

/** x and y of red, green, blue. */
export type Points = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

/** ITU-R BT.709 and IEC 61966-2-1. */
export const bt709: Points = [
  [0.64, 0.33],
  [0.3, 0.6],
  [0.15, 0.06],
];

/** SMPTE EG 432-1 with D65. */
export const displayP3: Points = [
  [0.68, 0.32],
  [0.265, 0.69],
  [0.15, 0.06],
];

/** Adobe RGB (1998), 4.3.1. */
export const adobeRgb: Points = [
  [0.64, 0.33],
  [0.21, 0.71],
  [0.15, 0.06],
];

const white = [0.3127, 0.329] as const;

/** Converts a coded colour to 8-bit sRGB. */
export function toSrgb(coded: readonly number[], points: Points, toLinear: (v: number) => number): number[] {
  const linear = coded.map((value) => toLinear(value / 255));
  const xyz = applyMatrix(rgbToXyz(points), linear);
  return solve(rgbToXyz(bt709), xyz).map((value) => Math.round(255 * encodeSrgb(Math.min(1, Math.max(0, value)))));
}

/** IEC 61966-2-1. */
export function decodeSrgb(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function encodeSrgb(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** ITU-R BT.709-6, or H.273's E.1: primaries scaled so that equal parts give white. */
function rgbToXyz(points: Points): number[][] {
  const toXyz = ([x, y]: readonly [number, number]) => [x / y, 1, (1 - x - y) / y];
  const columns = points.map(toXyz);
  const rows = [0, 1, 2].map((row) => columns.map((column) => column[row] ?? 0));
  const parts = solve(rows, toXyz(white));
  return rows.map((row) => row.map((value, at) => value * (parts[at] ?? 0)));
}

function applyMatrix(rows: number[][], vector: number[]): number[] {
  return rows.map((row) => row.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0));
}

/** Cramer's rule. */
function solve(rows: number[][], right: number[]): number[] {
  const whole = determinant(rows);
  return [0, 1, 2].map(
    (column) =>
      determinant(rows.map((row, at) => row.map((value, nth) => (nth === column ? (right[at] ?? 0) : value)))) / whole,
  );
}

function determinant([a = [], b = [], c = []]: number[][]): number {
  const [[a0, a1, a2], [b0, b1, b2], [c0, c1, c2]] = [a, b, c] as [Triple, Triple, Triple];
  return a0 * (b1 * c2 - b2 * c1) - a1 * (b0 * c2 - b2 * c0) + a2 * (b0 * c1 - b1 * c0);
}

type Triple = [number, number, number];
