import type { Tile } from "../host/host-types.ts";
import type { Span } from "./plan-tiles.ts";

/** Whole rows of a picture: those of one row of tiles. */
export type Band = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
};

/** The input of one tile, cut from the rows of its band. Pixels past the picture's end repeat the last row or column. */
export function cutTile(band: Band, column: Span, row: Span): Tile {
  const { channels } = band;
  const widthPx = column.inputSize;
  const heightPx = row.inputSize;
  if (widthPx === band.widthPx && heightPx === band.heightPx) return { widthPx, heightPx, channels, data: band.data };

  const data = new Uint8Array(widthPx * heightPx * channels);
  const stride = widthPx * channels;
  const present = Math.min(widthPx, band.widthPx - column.inputStart) * channels;
  for (let y = 0; y < heightPx; y++) {
    const from = (Math.min(y, band.heightPx - 1) * band.widthPx + column.inputStart) * channels;
    data.set(band.data.subarray(from, from + present), y * stride);
    for (let at = present; at < stride; at++) data[y * stride + at] = data[y * stride + at - channels] as number;
  }
  return { widthPx, heightPx, channels, data };
}

/** Copies the core of an enlarged tile to its place in the strip of its row of tiles. */
export function placeCore(
  result: Tile,
  column: Span,
  row: Span,
  scale: number,
  strip: Uint8Array,
  stride: number,
): void {
  const { channels, widthPx, data } = result;
  const bytes = column.coreSize * scale * channels;
  const left = (column.coreStart - column.inputStart) * scale * channels;
  const top = (row.coreStart - row.inputStart) * scale;
  for (let y = 0; y < row.coreSize * scale; y++) {
    const from = (top + y) * widthPx * channels + left;
    strip.set(data.subarray(from, from + bytes), y * stride + column.coreStart * scale * channels);
  }
}
