import type { Pace } from "@pixelmesh/lifecycle";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type ChainPart, createChainStages } from "../rows/chain-stages.ts";
import type { QueueSink } from "../rows/row-queue.ts";
import type { RowFormat, RowShape } from "../rows/rows.ts";
import { createRowReader, type PictureRows } from "./picture-rows.ts";

/** A picture, the stages that its rows pass, and the shape of the result. */
export type PreparedRows = {
  readonly picture: PictureRows;
  readonly parts: readonly ChainPart[];
  readonly shape: RowShape;
};

/** Where the rows go: their format, and the sink for a result of a shape. */
export type RowsTarget = {
  readonly to: RowFormat;
  readonly open: (shape: RowShape) => Promise<QueueSink>;
};

/** Rows that are read and written together, and what is called with the fraction done. */
export type RowsOptions = {
  readonly stripRows?: number | undefined;
  readonly onProgress?: (fraction: number) => void;
};

// Large enough to make the cost of a read or write small, and small enough to keep a strip in the cache.
const stripSamples = 128 * 1_024;

// A row costs at least as much as so many pixels.
const minRowPixels = 512;

// The pace is asked after so many pixels: 1 ms at most.
const pacedPixels = 16 * 1_024;

// A pixel of rows that are painted together, 1 to 3 ns, takes such a part of the time of others.
const togetherShare = 1 / 4;

/** Passes the rows of a picture through stages and writes the result. */
export async function runRows(
  space: KernelSpace,
  { picture, parts, shape }: PreparedRows,
  { to, open }: RowsTarget,
  pace: Pace,
  { onProgress = () => {}, ...options }: RowsOptions = {},
): Promise<void> {
  const { widthPx, heightPx, channels } = picture.shape;
  const mostRows = options.stripRows ?? Math.max(1, Math.floor(stripSamples / (widthPx * channels)));
  const stripRows = Math.min(mostRows, Math.max(heightPx, shape.heightPx));
  const reader = createRowReader(space, picture, Math.min(heightPx, stripRows));
  const { stages, output } = createChainStages(space, parts, { shape, stripRows, from: picture.format, to });
  const sink = await open(shape);
  const rowPixels = Math.max(widthPx, shape.widthPx, minRowPixels) * Math.max(1, parts.length);
  const flush = async () => onProgress((await output.flush(sink)) / shape.heightPx);
  let unpaced = 0;
  const isDue = () => output.waiting() >= stripRows || unpaced >= pacedPixels;
  const settle = async () => {
    if (output.waiting() >= stripRows) await flush();
    if (unpaced < pacedPixels) return;
    await pace(unpaced);
    unpaced = 0;
  };
  /** Emits further rows, after one if `hasEmitted`. */
  const emitRows = async (hasEmitted: boolean) => {
    for (let isOne = hasEmitted || stages.more(); isOne; isOne = stages.more()) {
      unpaced += rowPixels;
      if (isDue()) await settle();
    }
  };
  for (let top = 0; top < heightPx; top += stripRows) {
    const count = Math.min(stripRows, heightPx - top);
    const rows = await reader.read(top, count);
    if (stages.pushRows) {
      stages.pushRows(rows, count);
      unpaced += count * rowPixels * togetherShare;
      if (isDue()) await settle();
      continue;
    }
    for (let i = 0; i < count; i++) {
      stages.push(rows + i * reader.stride);
      unpaced += rowPixels;
      // Most rows need no wait, which would take as long as a quick effect.
      if (isDue()) await settle();
      if (stages.more()) await emitRows(true);
    }
  }
  stages.end();
  await emitRows(false);
  if (output.waiting() > 0) await flush();
}
