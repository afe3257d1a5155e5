import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  type Frame,
  memoryRoom,
  openRows,
  type Raster,
  type Room,
  type RowSink,
  type RowSource,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import type { ParsedEffect } from "./effect.ts";
import { readFloatRows, writeFloatRows } from "./float-rows.ts";
import type { Row, RowShape } from "./rows.ts";

/** What a running chain listens and reports to. */
export type ChainOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a fraction that only grows; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
};

/** The shape of a chain's result: the picture's size, in RGB, with alpha where the picture has it. */
export function chainShape(picture: Pick<RowSource, "widthPx" | "heightPx" | "channels">): RowShape {
  const channels = picture.channels === 2 || picture.channels === 4 ? 4 : 3;
  return { widthPx: picture.widthPx, heightPx: picture.heightPx, channels };
}

/**
 * Sends a picture through effects, row by row: converted to float once at the start, rounded once at the end. Memory is
 * bounded by the rows that the effects look at together, whatever the picture's height. The event loop is never held for
 * longer than one turn of the pace. `sink` must have the chain's shape (INTERNAL otherwise). Rejects with the signal's
 * reason soon after it is aborted; the sink is then left unfinished.
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
  for (const effect of effects) rows = paced(effect.createStage(shape)(rows), shape.widthPx, pace);
  await writeFloatRows(paced(rows, shape.widthPx, pace), sink, (doneRows) => onProgress?.(doneRows / shape.heightPx));
}

/** `runChain` over a whole frame; the result is RGB or RGBA. */
export async function applyChain(
  frame: Frame,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<Frame> {
  return toWholeFrame(await applyChainTo(frame, effects, memoryRoom, options));
}

/** `runChain` over a picture that may lie in a file; the result is kept as the room says. */
export async function applyChainTo(
  picture: Raster,
  effects: readonly ParsedEffect[],
  room: Room,
  options: ChainOptions = {},
): Promise<Raster> {
  const rows = await openRows(picture);
  try {
    const sink = await createRasterSink(chainShape(rows), room);
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
