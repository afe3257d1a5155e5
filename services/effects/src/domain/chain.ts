import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  openRows,
  type Raster,
  type RowSink,
  type RowSource,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { type KernelSpace, openKernelSpace } from "../kernels/kernel-space.ts";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { createChainStages } from "./rows/chain-stages.ts";
import type { RowShape } from "./rows/rows.ts";

/** Abort signal and progress callback of a chain. */
export type ChainOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a growing fraction; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
};

// Large enough to make the cost of a read or write small, and small enough to keep a strip in the cache.
const stripSamples = 256 * 1_024;

// Half a millisecond to 4 ms for an effect.
const turnPixels = 64 * 1_024;

// A row costs at least as much as so many pixels.
const minRowPixels = 512;

/** Returns the shape of a chain's result: the picture's size in RGB, with alpha if the picture has it. */
export function chainShape(picture: Pick<RowSource, "widthPx" | "heightPx" | "channels">): RowShape {
  const channels = picture.channels === 2 || picture.channels === 4 ? 4 : 3;
  return { widthPx: picture.widthPx, heightPx: picture.heightPx, channels };
}

/**
 * Applies effects to a picture row by row: floats between effects, rounded once at the end. Memory is bounded by the rows that the effects hold
 * together, for a picture of any height. The event loop is never blocked for longer than one turn of the pace. `sink` must have the chain's shape
 * (INTERNAL otherwise). After an abort it rejects with the signal's reason and leaves the sink unfinished.
 */
export async function runChain(
  source: RowSource,
  sink: RowSink,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<void> {
  const shape = chainShape(source);
  if (sink.widthPx !== shape.widthPx || sink.heightPx !== shape.heightPx || sink.channels !== shape.channels) {
    throw new AppError("INTERNAL", "The sink of an effects chain has another shape than its result");
  }
  options.signal?.throwIfAborted();
  const space = openKernelSpace();
  try {
    await runInSpace(space, source, sink, effects, options);
  } finally {
    space.close();
  }
}

async function runInSpace(
  space: KernelSpace,
  source: RowSource,
  sink: RowSink,
  effects: readonly ParsedEffect[],
  { signal, onProgress }: ChainOptions,
): Promise<void> {
  const shape = chainShape(source);
  const { widthPx, heightPx } = source;
  const stripRows = Math.min(heightPx, Math.max(1, Math.floor(stripSamples / (widthPx * shape.channels))));
  const { input, stages, output } = createChainStages(space, shape, source.channels, effects, stripRows);
  const pace = createPace(signal, turnPixels);
  const flush = async () => {
    const written = await output.flush(sink);
    onProgress?.(written / heightPx);
  };
  const drain = async () => {
    do {
      if (output.waiting() >= stripRows) await flush();
      await pace(Math.max(widthPx, minRowPixels) * effects.length);
    } while (stages.more());
  };
  for (let top = 0; top < heightPx; top += stripRows) {
    const count = Math.min(stripRows, heightPx - top);
    input.write(await source.readRows(top, count));
    for (let i = 0; i < count; i++) {
      stages.push(input.row(i));
      await drain();
    }
  }
  stages.end();
  await drain();
  if (output.waiting() > 0) await flush();
}

/** Does the same for a whole frame. The result is RGB or RGBA. */
export async function applyChain(
  frame: Frame,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<Frame> {
  return toWholeFrame(await applyChainTo(frame, effects, memoryFrameStore, options));
}

/** Does the same for a picture in memory or in a file. The result lies in the frame store. */
export async function applyChainTo(
  picture: Raster,
  effects: readonly ParsedEffect[],
  frameStore: FrameStore,
  options: ChainOptions = {},
): Promise<Raster> {
  const rows = await openRows(picture);
  try {
    const sink = await createRasterSink(chainShape(rows), frameStore);
    try {
      await runChain(rows, sink, effects, options);
      return await sink.end();
    } finally {
      await sink.abandon();
    }
  } finally {
    await rows.close();
  }
}
