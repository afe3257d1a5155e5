import { LRUCache } from "lru-cache";

/** The shapes of a halftone's dots, in the order of kernels/print.ts. */
export const dotShapes = ["round", "line", "diamond"] as const;

/** The shape of a halftone's dots. */
export type DotShape = (typeof dotShapes)[number];

/** A spot function at a place of a cell: u and v are distances to the dot's centre lines in cells, 0 to 0.5. */
type Spot = {
  /** From 1 at the dot's centre to -1 where paper remains longest. */
  readonly height: (u: number, v: number) => number;
  /** By how much the height changes across a pixel of this side in cells. */
  readonly slope: (u: number, v: number, pixel: number) => number;
};

const turn = 2 * Math.PI;

// The spot functions of PostScript: simple dot in cosines, line and diamond ("PostScript Language Reference", 3rd edition, 6.4).
const spots: Readonly<Record<DotShape, Spot>> = {
  round: {
    height: (u, v) => (Math.cos(turn * u) + Math.cos(turn * v)) / 2,
    // The centres of dots are flat; a pixel there reaches half a pixel down the dot.
    slope: (u, v, pixel) =>
      Math.max(
        Math.PI * pixel * Math.sqrt(Math.max(0, 2 - Math.cos(turn * u) ** 2 - Math.cos(turn * v) ** 2)),
        Math.min(4, (Math.PI * pixel) ** 2),
      ),
  },
  line: { height: (_u, v) => 1 - 4 * v, slope: (_u, _v, pixel) => 4 * pixel },
  diamond: { height: (u, v) => 1 - 2 * (u + v), slope: (_u, _v, pixel) => 2 * Math.SQRT2 * pixel },
};

/** The intervals of a table of bounds. */
export const boundSteps = 4_096;

// Of 16 KiB each. They take 2 to 10 ms, as long as the rest of a preview.
const made = new LRUCache<string, Float32Array>({ max: 16 });

/**
 * Returns the heights at which the dots of each 4096th of a tone end, from no dot to a full cell. They are such that the mean of what
 * antialiased dots `cellPx` apart cover is the tone, at any angle: found by the cover of a cell's places for descending heights. Those used last are
 * kept; callers must not change them.
 */
export function dotBounds(shape: DotShape, cellPx: number): Float32Array {
  const key = `${shape} ${cellPx}`;
  const bounds = made.get(key) ?? createDotBounds(shape, cellPx);
  made.set(key, bounds);
  return bounds;
}

function createDotBounds(shape: DotShape, cellPx: number): Float32Array {
  const { heights, slopes } = placesOf(spots[shape], 1 / cellPx);
  const reach = shape === "line" ? 1 : 1 + slopes.reduce((most, slope) => Math.max(most, slope), 0) / 2;
  const rows = 256;
  const boundAt = (row: number) => reach - (2 * reach * row) / rows;
  const bounds = new Float32Array(boundSteps + 1).fill(-reach);
  let [before, next] = [0, 0];
  for (let row = 1; row <= rows; row++) {
    const cover = row === rows ? 1 : meanCover(shape, heights, slopes, boundAt(row));
    for (; next <= boundSteps && next / boundSteps <= cover; next++) {
      const share = cover > before ? (next / boundSteps - before) / (cover - before) : 0;
      bounds[next] = boundAt(row - 1 + share);
    }
    before = cover;
  }
  return bounds;
}

// A quarter of a cell is enough: spot functions are even.
function placesOf({ height, slope }: Spot, pixel: number): { heights: Float64Array; slopes: Float64Array } {
  const side = 48;
  const at = (i: number) => (i + 0.5) / (2 * side);
  const places = Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))] as const);
  return {
    heights: Float64Array.from(places, ([u, v]) => height(u, v)),
    slopes: Float64Array.from(places, ([u, v]) => slope(u, v, pixel)),
  };
}

function meanCover(shape: DotShape, heights: Float64Array, slopes: Float64Array, bound: number): number {
  let sum = 0;
  for (let i = 0; i < heights.length; i++) {
    const [height, slope] = [heights[i] as number, slopes[i] as number];
    sum += ramp(height - bound, slope);
    // A pixel may hold both rims of a line, or rims of two lines.
    if (shape === "line") sum += ramp(-height - bound - 2, slope) - ramp(height + bound - 2, slope);
  }
  return sum / heights.length;
}

function ramp(above: number, slope: number): number {
  const cover = above / slope + 0.5;
  return cover > 0 ? Math.min(1, cover) : 0;
}
