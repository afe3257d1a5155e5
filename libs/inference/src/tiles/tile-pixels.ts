import type { Tile } from "../supervisor/tile.ts";
import type { Span } from "./plan-tiles.ts";

/** The rows of a picture that one row of tiles reads. */
export type Band = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
};

/** Cuts the input of one tile from its band. Pixels past the picture's end repeat the last row or column. */
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
