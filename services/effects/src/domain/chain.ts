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
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { readFloatRows, writeFloatRows } from "./rows/float-rows.ts";
import type { Row, RowShape } from "./rows/rows.ts";

/** Abort signal and progress callback of a chain. */
export type ChainOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a growing fraction; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
};

/** Returns the shape of a chain's result: the picture's size in RGB, with alpha if the picture has it. */
export function chainShape(picture: Pick<RowSource, "widthPx" | "heightPx" | "channels">): RowShape {
  const channels = picture.channels === 2 || picture.channels === 4 ? 4 : 3;
  return { widthPx: picture.widthPx, heightPx: picture.heightPx, channels };
}

/**
 * Applies effects to a picture row by row: converts to float once at the start, rounds once at the end. Memory is bounded by the
 * rows that the effects hold together, for a picture of any height. The event loop is never blocked for longer than one turn
 * of the pace. `sink` must have the chain's shape (INTERNAL otherwise). After an abort it rejects with the signal's reason and
 * leaves the sink unfinished.
 */
export async function runChain(
  source: RowSource,
  sink: RowSink,
  effects: readonly ParsedEffect[],
  { signal, onProgress }: ChainOptions = {},
): Promise<void> {
  const shape = chainShape(source);
  if (sink.widthPx !== shape.widthPx || sink.heightPx !== shape.heightPx || sink.channels !== shape.channels) {
    throw new AppError("INTERNAL", "The sink of an effects chain has another shape than its result");
  }
  signal?.throwIfAborted();
  const pace = createPace(signal);
  let rows = readFloatRows(source, shape.channels);
  for (const effect of effects) rows = paced(effect.createTransform(shape)(rows), shape.widthPx, pace);
  await writeFloatRows(paced(rows, shape.widthPx, pace), sink, (doneRows) => onProgress?.(doneRows / shape.heightPx));
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

async function* paced(rows: AsyncIterable<Row>, widthPx: number, pace: Pace): AsyncIterable<Row> {
  for await (const row of rows) {
    await pace(widthPx);
    yield row;
  }
}
