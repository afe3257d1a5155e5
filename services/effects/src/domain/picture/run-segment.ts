import type { FrameStore, Raster } from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import type { ParsedEffect } from "../catalogue/define-effect.ts";
import { type ChainPart, createChainStages } from "../rows/chain-stages.ts";
import { passRows } from "../rows/pass-rows.ts";
import type { QueueSink } from "../rows/row-queue.ts";
import type { RowFormat, RowShape } from "../rows/rows.ts";
import { createRowReader, type PictureRows } from "./picture-rows.ts";

/** Where the rows of a segment go: their format, and the sink for a result of a shape. */
export type SegmentTarget = {
  readonly to: RowFormat;
  readonly open: (shape: RowShape) => Promise<QueueSink>;
};

/** What all segments of a chain share. */
export type SegmentOptions = {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (fraction: number) => void;
  readonly frameStore: FrameStore;
  readonly pictures: readonly Raster[];
  readonly stripRows: number | undefined;
};

// Large enough to make the cost of a read or write small, and small enough to keep a strip in the cache.
const stripSamples = 256 * 1_024;

// Half a millisecond to 4 ms for an effect.
const turnPixels = 64 * 1_024;

// A row costs at least as much as so many pixels.
const minRowPixels = 512;

/** A segment whose effects are prepared. */
type Prepared = {
  readonly picture: PictureRows;
  readonly parts: readonly ChainPart[];
  readonly shape: RowShape;
  readonly close: () => Promise<void>;
};

/**
 * Runs effects of which only the first may need the whole picture. The rows pass through all of them together, as floats between them.
 */
export async function runSegment(
  picture: PictureRows,
  effects: readonly ParsedEffect[],
  target: SegmentTarget,
  options: SegmentOptions,
): Promise<void> {
  const space = openKernelSpace();
  const pace = createPace(options.signal, turnPixels);
  try {
    const prepared = await prepareAll(space, picture, effects, pace, options);
    try {
      await runRows(space, prepared, target, pace, options);
    } finally {
      await prepared.close();
    }
  } finally {
    space.close();
  }
}

async function prepareAll(
  space: KernelSpace,
  given: PictureRows,
  effects: readonly ParsedEffect[],
  pace: Pace,
  { frameStore, pictures, signal }: SegmentOptions,
): Promise<Prepared> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers) await one();
  };
  const parts: ChainPart[] = [];
  let picture = given;
  let { shape } = given;
  try {
    for (const { work } of effects) {
      const whole = work.needsPicture ? given : undefined;
      const prepared = await work.prepare({ shape, picture: whole, pictures, frameStore, space, pace, signal });
      if (prepared.close) closers.push(prepared.close);
      if (prepared.picture) {
        picture = prepared.picture;
        shape = picture.shape;
      }
      parts.push({ shape, createStage: prepared.createStage ?? passRows });
      shape = prepared.shape ?? shape;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { picture, parts, shape, close };
}

async function runRows(
  space: KernelSpace,
  { picture, parts, shape }: Prepared,
  { to, open }: SegmentTarget,
  pace: Pace,
  { onProgress, ...options }: SegmentOptions,
): Promise<void> {
  const { widthPx, heightPx, channels } = picture.shape;
  const mostRows = options.stripRows ?? Math.max(1, Math.floor(stripSamples / (widthPx * channels)));
  const stripRows = Math.min(mostRows, Math.max(heightPx, shape.heightPx));
  const reader = createRowReader(space, picture, Math.min(heightPx, stripRows));
  const { stages, output } = createChainStages(space, parts, { shape, stripRows, from: picture.format, to });
  const sink = await open(shape);
  const rowPixels = Math.max(widthPx, shape.widthPx, minRowPixels) * Math.max(1, parts.length);
  const flush = async () => onProgress((await output.flush(sink)) / shape.heightPx);
  const drain = async () => {
    do {
      if (output.waiting() >= stripRows) await flush();
      await pace(rowPixels);
    } while (stages.more());
  };
  for (let top = 0; top < heightPx; top += stripRows) {
    const count = Math.min(stripRows, heightPx - top);
    const rows = await reader.read(top, count);
    for (let i = 0; i < count; i++) {
      stages.push(rows + i * reader.stride);
      await drain();
    }
  }
  stages.end();
  await drain();
  if (output.waiting() > 0) await flush();
}
