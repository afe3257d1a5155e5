import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { countPixels } from "./counts.ts";
import { createInterpolation, type Interpolation, type Places, toPlaces } from "./interpolation.ts";
import { lowPassReach } from "./low-pass.ts";
import { createRowRing, type MakeRow, type RowRing } from "./row-ring.ts";

/** Pixels of the source along each side of a grid cell, on which means are compared. */
const gridPx = 4;

/**
 * Rows of the grid from the row that a pass computes to the last row that it needs, including the rows around it for their
 * detail.
 */
const passReach = lowPassReach + 2;

/** Sides and channels of a source. */
export type SourceShape = { readonly widthPx: number; readonly heightPx: number; readonly channels: number };

/** How many rows a ring has. */
export type RowSpan = "all" | "half" | "few";

/** The rows of one term of a sum: a row, and a second one if the sum needs it. */
export type Term = readonly [row: number, other?: number];

/** Writes a sum over terms to a row of the source's width. */
export type SumTerms = (terms: number, count: number, to: number) => void;

/** A source's rows, the coarser grid over them, and the interpolation between the two. */
export type Layout = SourceShape & {
  readonly space: KernelSpace;
  /** Samples of a row of the source, and of a row of the grid. */
  readonly samples: number;
  readonly places: number;
  /** The source's pixels between those of the grid, and its rows. */
  readonly across: Places;
  readonly down: Interpolation;
  readonly grid: { readonly columns: number; readonly rows: number };
  /** Rows of the source's width: zeros and ones. */
  readonly zeros: number;
  readonly ones: number;
  /** The number of pixels that count for a grid cell, low-passed like the sums that are divided by it, is the product of these. */
  readonly countsAcross: number;
  readonly countsDown: Float32Array;
  /**
   * Creates rings of source rows: of all rows in use, of half of them, or of those around one. A row that is read later is
   * computed again.
   */
  readonly newRows: (span: RowSpan, make?: MakeRow) => RowRing;
  /** Creates a ring of rows of the grid. */
  readonly newGridRows: (make: MakeRow) => RowRing;
  /**
   * Writes a row of the grid: the sum of the source's rows around it by their shares, spread over the columns. `ofRow` returns a
   * term, or undefined for zeros. Returns false, and writes nothing, if all are zeros.
   */
  readonly sumOver: (gridY: number, ofRow: (y: number) => Term | undefined, sum: SumTerms, to: number) => boolean;
  /** Returns how many rows from the top are final after `taken` rows. */
  readonly finalRows: (taken: number) => number;
};

const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/** Creates the layout for a source and a number of passes, each of which reads the result of the one before it. */
export function createLayout(space: KernelSpace, shape: SourceShape, passes: number): Layout {
  const { widthPx, heightPx, channels } = shape;
  const grid = { columns: Math.ceil(widthPx / gridPx), rows: Math.ceil(heightPx / gridPx) };
  const columns = createInterpolation(widthPx, grid.columns);
  const across = toPlaces(space, columns, grid.columns);
  const down = createInterpolation(heightPx, grid.rows);
  const [samples, places] = [widthPx * channels, grid.columns * channels];
  const gridRows = 2 * passes * passReach + 4;
  const all = (gridRows + 2) * gridPx;
  const rowsOf = { all, half: all / 2, few: 4 * gridPx };
  const zeros = space.constant(new Float32Array(samples));
  const wide = space.allocate(samples * floatBytes);
  const terms = space.allocate(4 * gridPx * termWords * floatBytes);
  const ring = (size: number, length: number, make?: MakeRow) =>
    createRowRing(space, { size, rowBytes: length * floatBytes, zeros }, make);

  return {
    ...shape,
    space,
    samples,
    places,
    across,
    down,
    grid,
    zeros,
    ones: space.constant(new Float32Array(samples).fill(1)),
    countsAcross: space.constant(countPixels(columns, grid.columns, channels)),
    countsDown: countPixels(down, grid.rows, 1),
    newRows: (span, make) => ring(Math.min(rowsOf[span], heightPx), samples, make),
    newGridRows: (make) => ring(Math.min(gridRows, grid.rows), places, make),
    sumOver(gridY, ofRow, sum, to) {
      const words: number[] = [];
      for (const { y, share } of rowsAround(gridY, down, grid.rows)) {
        const term = ofRow(y);
        if (term) words.push(term[0], term[1] ?? 0, bitsOf(share));
      }
      if (words.length === 0) return false;
      space.writeAddresses(terms, words);
      sum(terms, words.length / termWords, wide);
      space.kernels.spread(wide, channels, grid.columns, across.begins, across.shares, to);
      return true;
    },
    finalRows(taken) {
      if (taken === heightPx) return heightPx;
      // The grid row above that of the last source row is complete.
      const gridY = (down.from[taken] as number) - 1 - passes * passReach;
      if (gridY < 0) return 0;
      let rows = Math.max(0, Math.floor((gridY * heightPx) / grid.rows) - 1);
      while (rows < taken && (down.to[rows] as number) <= gridY) rows++;
      return rows;
    },
  };
}

const termWords = 3;
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function bitsOf(value: number): number {
  float[0] = value;
  return bits[0] as number;
}

/** Returns the rows of the source that lie beside a row of the grid, and their shares of it. */
function rowsAround(
  gridY: number,
  { from, to, share }: Interpolation,
  gridRows: number,
): { y: number; share: number }[] {
  const rows: { y: number; share: number }[] = [];
  let y = Math.max(0, Math.floor(((gridY - 0.5) * from.length) / gridRows) - 1);
  while ((to[y] as number) < gridY) y++;
  for (; y < from.length && (from[y] as number) <= gridY; y++) {
    const below = share[y] as number;
    const part = (from[y] === gridY ? 1 - below : 0) + (to[y] === gridY ? below : 0);
    if (part !== 0) rows.push({ y, share: part });
  }
  return rows;
}
