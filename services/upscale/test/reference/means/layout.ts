import { addTimes, createInterpolation, type Interpolation, spreadRow } from "./interpolate.ts";
import { type Grid, lowPassReach } from "./low-pass.ts";
import { countPlaces } from "./place-counts.ts";
import { createRowRing, type NewRow, type RowRing } from "./row-ring.ts";

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

/** A source's rows, the coarser grid over them, and the interpolation between the two. */
export type Layout = SourceShape & {
  /** Samples of a row of the source, and of a row of the grid. */
  readonly samples: number;
  readonly places: number;
  readonly across: Interpolation;
  readonly down: Interpolation;
  readonly grid: Grid;
  /** Returns the number of pixels that count for a grid cell, low-passed like the sums that are divided by it. */
  readonly counts: (gridY: number, at: number) => number;
  /**
   * Creates rings of source rows: of all rows in use, of half of them, or of those around one. A row that is read later is
   * computed again.
   */
  readonly newRows: (span: RowSpan, make?: (y: number, row: Float32Array) => boolean) => RowRing;
  /** Creates a ring of rows of the grid. */
  readonly newGridRows: (make?: (gridY: number, row: Float32Array) => boolean) => RowRing;
  /** Creates a ring of the source rows around one, each spread over the columns of the grid. */
  readonly newSpreadRows: (make: (y: number, row: Float32Array) => boolean) => RowRing;
  /**
   * Adds to a row of the grid `sign` times rows of the source. `ofRow` returns one of them, spread over the columns, or
   * undefined for zeros. Returns false if all are zeros.
   */
  readonly addRows: (
    gridY: number,
    into: Float32Array,
    sign: 1 | -1,
    ofRow: (y: number) => Float32Array | undefined,
  ) => boolean;
  /** Returns how many rows from the top are final after `taken` rows. */
  readonly finalRows: (taken: number) => number;
};

/** Creates the layout for a source and a number of passes, each of which reads the result of the one before it. */
export function createLayout({ widthPx, heightPx, channels }: SourceShape, passes: number, newRow: NewRow): Layout {
  const grid: Grid = { columns: Math.ceil(widthPx / gridPx), rows: Math.ceil(heightPx / gridPx), channels };
  const across = createInterpolation(widthPx, grid.columns);
  const down = createInterpolation(heightPx, grid.rows);
  const [samples, places] = [widthPx * channels, grid.columns * channels];
  const gridRows = 2 * passes * passReach + 4;
  const all = (gridRows + 2) * gridPx;
  const rowsOf = { all, half: all / 2, few: 4 * gridPx };

  return {
    widthPx,
    heightPx,
    channels,
    samples,
    places,
    across,
    down,
    grid,
    counts: countPlaces(across, down, grid),
    newRows: (span, make) => createRowRing({ size: Math.min(rowsOf[span], heightPx), samples, newRow }, make),
    newGridRows: (make) => createRowRing({ size: Math.min(gridRows, grid.rows), samples: places, newRow }, make),
    newSpreadRows: (make) => createRowRing({ size: 4 * gridPx, samples: places, newRow }, make),
    addRows(gridY, into, sign, ofRow) {
      let isAny = false;
      let y = Math.max(0, Math.floor(((gridY - 0.5) * heightPx) / grid.rows) - 1);
      while ((down.to[y] as number) < gridY) y++;
      for (; y < heightPx && (down.from[y] as number) <= gridY; y++) {
        const below = down.share[y] as number;
        const share = (down.from[y] === gridY ? 1 - below : 0) + (down.to[y] === gridY ? below : 0);
        const part = share === 0 ? undefined : ofRow(y);
        if (part === undefined) continue;
        addTimes(into, sign * share, part);
        isAny = true;
      }
      return isAny;
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

/** Spreads a row of the source over the columns of the grid. */
export function toPlaces({ across, channels }: Layout, row: Float32Array, into: Float32Array): void {
  spreadRow(row, 1, into, across, channels);
}
