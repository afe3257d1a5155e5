import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  openRows,
  type Raster,
  type RasterSink,
  type RowSink,
  type RowSource,
  toWholeFrame,
} from "@pixelmesh/imaging";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { createFloatPicture, type OpenPictureRows } from "./picture/float-picture.ts";
import { type PictureRows, toPictureRows } from "./picture/picture-rows.ts";
import { runSegment } from "./picture/run-segment.ts";
import type { RowShape } from "./rows/rows.ts";

/** Pictures, abort signal and progress callback of a chain. */
export type ChainOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a growing fraction; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  /** Holds pictures between effects that need the whole picture. Default: memory. */
  readonly frameStore?: FrameStore | undefined;
  /** The further pictures of the step, for effects that take one. */
  readonly pictures?: readonly Raster[] | undefined;
  /** Rows that are read and written together. Default: as many as are quick. The result is the same for any number. */
  readonly stripRows?: number | undefined;
};

/** Returns the sink for a result of this shape. */
export type OpenSink = (shape: RowShape) => RowSink | Promise<RowSink>;

/**
 * Applies effects to a picture row by row: floats between effects, rounded once at the end. Memory is bounded by the rows that the effects hold
 * together, for a picture of any height; an effect that needs the whole picture reads it from the source, or from the frame store. The event loop is
 * never blocked for longer than one turn of the pace. `openSink` gets the shape of the result and must return a sink of it (INTERNAL otherwise).
 * After an abort it rejects with the signal's reason and leaves the sink unfinished.
 */
export async function runChain(
  source: RowSource,
  openSink: OpenSink,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<void> {
  const { signal, onProgress, frameStore = memoryFrameStore, pictures = [], stripRows } = options;
  const segments = toSegments(effects);
  let picture: PictureRows = toPictureRows(source);
  let between: OpenPictureRows | undefined;
  try {
    for (const [index, segment] of segments.entries()) {
      signal?.throwIfAborted();
      const isLast = index === segments.length - 1;
      const report = (fraction: number) => onProgress?.((index + fraction) / segments.length);
      const shared = { signal, onProgress: report, frameStore, pictures, stripRows };
      if (isLast) {
        await runSegment(picture, segment, { to: "bytes", open: (shape) => openChecked(openSink, shape) }, shared);
        return;
      }
      const made = await runToFloats(picture, segment, shared);
      await between?.close();
      between = made;
      picture = made;
    }
  } finally {
    await between?.close();
  }
}

/** Cuts a chain before each effect that needs the whole picture. */
function toSegments(effects: readonly ParsedEffect[]): readonly (readonly ParsedEffect[])[] {
  const segments: ParsedEffect[][] = [[]];
  for (const effect of effects) {
    if (effect.work.needsPicture && segments.at(-1)?.length !== 0) segments.push([]);
    segments.at(-1)?.push(effect);
  }
  return segments;
}

async function openChecked(openSink: OpenSink, shape: RowShape): Promise<RowSink> {
  const sink = await openSink(shape);
  if (sink.widthPx === shape.widthPx && sink.heightPx === shape.heightPx && sink.channels === shape.channels)
    return sink;
  throw new AppError("INTERNAL", "The sink of an effects chain has another shape than its result");
}

async function runToFloats(
  picture: PictureRows,
  segment: readonly ParsedEffect[],
  options: Parameters<typeof runSegment>[3],
): Promise<OpenPictureRows> {
  let sink: Awaited<ReturnType<typeof createFloatPicture>> | undefined;
  const open = async (shape: RowShape) => {
    sink = await createFloatPicture(shape, options.frameStore);
    return sink;
  };
  try {
    await runSegment(picture, segment, { to: "floats", open }, options);
    if (sink === undefined) throw new AppError("INTERNAL", "A part of an effects chain has no result");
    return await sink.open();
  } finally {
    await sink?.abandon();
  }
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
  let sink: RasterSink | undefined;
  const openSink = async (shape: RowShape) => {
    sink = await createRasterSink(shape, frameStore);
    return sink;
  };
  try {
    await runChain(rows, openSink, effects, { ...options, frameStore });
    if (sink === undefined) throw new AppError("INTERNAL", "An effects chain has no result");
    return await sink.end();
  } finally {
    await sink?.abandon();
    await rows.close();
  }
}
