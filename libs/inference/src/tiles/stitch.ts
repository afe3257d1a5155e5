import type { Tile } from "../supervisor/tile.ts";
import { mixInto, rampWeight } from "./feather.ts";
import type { Region, Span } from "./plan-tiles.ts";

/** The position of one tile of a region. */
export type TilePosition = { readonly column: Span; readonly row: Span };

/** Options of `createStitcher`. */
export type StitchOptions = {
  readonly region: Region;
  readonly scale: number;
  readonly channels: 1 | 3;
  readonly featherPx: number;
  /** Receives complete output rows of the region, in order; `y` counts from its top. */
  readonly emit: (y: number, rows: Uint8Array) => Promise<void>;
};

/**
 * Joins the results of a region's tiles, which must arrive by rows of tiles, left to right, and emits complete rows after each
 * row of tiles. Neighbours meet at the border of their cores, or are blended over twice `featherPx`. Holds one row of tiles, and
 * the rows that the next one is blended with.
 */
export function createStitcher({ region, scale, channels, featherPx, emit }: StitchOptions) {
  const right = region.left + region.widthPx;
  const bottom = region.top + region.heightPx;
  const stride = region.widthPx * scale * channels;
  let strip: Uint8Array = new Uint8Array(0);
  let carried: Uint8Array = new Uint8Array(0);
  // Strips are large and mostly of one size: reusing one spares the garbage collector.
  let spare: Uint8Array = new Uint8Array(0);

  /** The part of a span that its tile contributes: its core and the ramps to its neighbours. */
  const contribution = (span: Span, least: number, most: number) => ({
    from: Math.max(least, span.coreStart - featherPx),
    to: Math.min(most, span.coreStart + span.coreSize + featherPx),
  });

  function place({ column, row }: TilePosition, result: Tile): void {
    const xs = contribution(column, region.left, right);
    const ys = contribution(row, region.top, bottom);
    const resultStride = result.widthPx * channels;
    const firstRow = (ys.from - row.inputStart) * scale;
    const rowCount = (ys.to - ys.from) * scale;
    // A tile as wide as the region becomes the strip without a copy.
    if (xs.from === region.left && xs.to === right && resultStride === stride) {
      strip = result.data.subarray(firstRow * stride, (firstRow + rowCount) * stride);
      return;
    }
    if (xs.from === region.left) {
      if (spare.length < rowCount * stride) spare = new Uint8Array(rowCount * stride);
      strip = spare.subarray(0, rowCount * stride);
    }
    const bytes = (xs.to - xs.from) * scale * channels;
    const ramp = column.coreStart === region.left ? 0 : Math.min(2 * featherPx, xs.to - xs.from) * scale;
    for (let y = 0; y < rowCount; y++) {
      const from = (firstRow + y) * resultStride + (xs.from - column.inputStart) * scale * channels;
      const to = y * stride + (xs.from - region.left) * scale * channels;
      for (let x = 0; x < ramp; x++) {
        const at = x * channels;
        const next = result.data.subarray(from + at, from + at + channels);
        mixInto(strip.subarray(to + at, to + at + channels), next, rampWeight(x, ramp));
      }
      const solid = ramp * channels;
      strip.set(result.data.subarray(from + solid, from + bytes), to + solid);
    }
  }

  async function endRow(row: Span): Promise<void> {
    const { from, to } = contribution(row, region.top, bottom);
    const ramp = carried.length / stride;
    for (let y = 0; y < ramp; y++) {
      // The carried row is the earlier one: the strip's row is mixed into it.
      const before = carried.subarray(y * stride, (y + 1) * stride);
      const next = strip.subarray(y * stride, (y + 1) * stride);
      mixInto(before, next, rampWeight(y, ramp));
      next.set(before);
    }
    const end = to === bottom ? to : row.coreStart + row.coreSize - featherPx;
    const whole = (end - from) * scale * stride;
    carried = strip.slice(whole);
    const rows = strip.subarray(0, whole);
    strip = new Uint8Array(0);
    await emit((from - region.top) * scale, rows);
  }

  return {
    /** Adds one tile's result. Resolves once all rows that it completed were emitted. */
    async add(position: TilePosition, result: Tile): Promise<void> {
      const { column, row } = position;
      place(position, result);
      if (column.coreStart + column.coreSize === right) await endRow(row);
    },
  };
}
