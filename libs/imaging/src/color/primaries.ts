/** The chromaticities x and y of a colour. */
export type Chromaticity = readonly [x: number, y: number];

/** The three primaries and the white point of an RGB colour space. */
export type Primaries = {
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
  readonly white: Chromaticity;
};

/** A 3x3 matrix by rows. */
export type Matrix = readonly [Row, Row, Row];
type Row = readonly [number, number, number];

const d65: Chromaticity = [0.3127, 0.329];
// ICC.1:2022, 7.2.16: the white point of the profile connection space.
const d50: Row = [0.9642, 1, 0.8249];
// The Bradford cone response of ICC.1:2022, annex E.
const bradford: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/** The primaries of sRGB and BT.709. */
export const srgbPrimaries: Primaries = { red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: d65 };

/** The primaries of Adobe RGB (1998). */
export const adobePrimaries: Primaries = { red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06], white: d65 };

/** Named primaries by their code point in ITU-T H.273, table 2. */
export const cicpPrimaries: ReadonlyMap<number, readonly [name: string, primaries: Primaries]> = new Map([
  [1, ["BT.709", srgbPrimaries]],
  [4, ["BT.470 M", { red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08], white: [0.31, 0.316] }]],
  [5, ["BT.601 (625 lines)", { red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06], white: d65 }]],
  [6, ["BT.601 (525 lines)", { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: d65 }]],
  [7, ["SMPTE 240M", { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: d65 }]],
  [8, ["generic film", { red: [0.681, 0.319], green: [0.243, 0.692], blue: [0.145, 0.049], white: [0.31, 0.316] }]],
  [9, ["BT.2020", { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: d65 }]],
  [11, ["DCI-P3", { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.314, 0.351] }]],
  [12, ["Display P3", { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: d65 }]],
  [22, ["EBU 3213", { red: [0.63, 0.34], green: [0.295, 0.605], blue: [0.155, 0.077], white: d65 }]],
]);

/** Whether two sets of primaries are visually equal: they differ by less than 0.001 in each coordinate. */
export function arePrimariesNear(a: Primaries, b: Primaries): boolean {
  const names = ["red", "green", "blue", "white"] as const;
  return names.every((name) => a[name].every((value, at) => Math.abs(value - (b[name][at] ?? 0)) < 0.001));
}

/**
 * Returns the matrix from linear RGB to XYZ under D50, as profiles hold it (columns are the colourants): SMPTE RP 177 for the
 * primaries, Bradford for the white point. Undefined if the primaries span no colours.
 */
export function toD50Matrix({ red, green, blue, white }: Primaries): Matrix | undefined {
  if ([red, green, blue, white].some(([x, y]) => !(x >= 0 && y > 0 && x + y <= 1.0001))) return undefined;
  const columns = transpose([toXyz(red), toXyz(green), toXyz(blue)]);
  const inverse = invert(columns);
  if (!inverse) return undefined;
  const own = toXyz(white);
  const scales = apply(inverse, own);
  const toOwn = columns.map((row) => row.map((value, at) => value * (scales[at] ?? 0))) as unknown as Matrix;
  const inverseBradford = invert(bradford);
  if (!inverseBradford || scales.some((scale) => !(scale > 0))) return undefined;
  const from = apply(bradford, own);
  const to = apply(bradford, d50);
  const scaled = bradford.map((row, at) =>
    row.map((value) => (value * (to[at] ?? 0)) / (from[at] ?? 1)),
  ) as unknown as Matrix;
  return multiply(multiply(inverseBradford, scaled), toOwn);
}

function toXyz([x, y]: Chromaticity): Row {
  return [x / y, 1, (1 - x - y) / y];
}

function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function apply(matrix: Matrix, [x, y, z]: Row): Row {
  return matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as unknown as Row;
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return transpose(transpose(b).map((column) => apply(a, column)) as unknown as Matrix);
}

function invert([a, b, c]: Matrix): Matrix | undefined {
  const cross = (p: Row, q: Row): Row => [
    p[1] * q[2] - p[2] * q[1],
    p[2] * q[0] - p[0] * q[2],
    p[0] * q[1] - p[1] * q[0],
  ];
  const [ab, bc, ca] = [cross(a, b), cross(b, c), cross(c, a)];
  const determinant = a[0] * bc[0] + a[1] * bc[1] + a[2] * bc[2];
  if (Math.abs(determinant) < 1e-9) return undefined;
  const over = ([x, y, z]: Row): Row => [x / determinant, y / determinant, z / determinant];
  return transpose([over(bc), over(ca), over(ab)]);
}
