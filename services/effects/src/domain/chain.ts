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
import {
  createFloatPicture,
  type FloatPicture,
  type FloatPictureSink,
  type OpenPictureRows,
  openFloatPicture,
} from "./picture/float-picture.ts";
import { chainShape, type PictureRows, toPictureRows } from "./picture/picture-rows.ts";
import type { RowsTarget } from "./picture/run-rows.ts";
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

/** What a chain begins with: a picture, or the floats that earlier effects have made of it. */
export type ChainPicture = Raster | FloatPicture;

/** Returns the shape in which a chain sees the picture that it begins with. */
export function shapeOf(picture: ChainPicture): RowShape {
  return "raster" in picture ? picture.shape : chainShape(picture);
}

/** Returns the sink for a result of this shape. */
export type OpenSink = (shape: RowShape) => RowSink | Promise<RowSink>;

/**
 * Applies effects to a picture row by row: floats between effects, rounded once at the end. Memory is bounded by the rows that the effects hold
 * together, for a picture of any height; an effect that needs the whole picture reads it from the source, or from the frame store. The event loop is
 * never blocked for longer than one turn of the pace. `openSink` gets the shape of the result and must return a sink of it (INTERNAL otherwise).
 * After an abort it rejects with the signal's reason and leaves the sink unfinished.
 */
export function runChain(
  source: RowSource,
  openSink: OpenSink,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<void> {
  const open = (shape: RowShape) => openChecked(openSink, shape);
  return runSegments(toPictureRows(source), effects, { to: "bytes", open }, options);
}

async function runSegments(
  given: PictureRows,
  effects: readonly ParsedEffect[],
  target: RowsTarget,
  { signal, onProgress, frameStore = memoryFrameStore, pictures = [], stripRows }: ChainOptions,
): Promise<void> {
  const segments = toSegments(effects);
  let picture = given;
  let between: OpenPictureRows | undefined;
  try {
    for (const [index, segment] of segments.entries()) {
      signal?.throwIfAborted();
      const report = (fraction: number) => onProgress?.((index + fraction) / segments.length);
      const shared = { signal, onProgress: report, frameStore, pictures, stripRows };
      if (index === segments.length - 1) return await runSegment(picture, segment, target, shared);
      const run = (to: RowsTarget) => runSegment(picture, segment, to, shared);
      const made = await openFloatPicture(await writeFloats(frameStore, run));
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

/** Writes what `run` makes to a picture of floats in the frame store. */
async function writeFloats(frameStore: FrameStore, run: (target: RowsTarget) => Promise<void>): Promise<FloatPicture> {
  let sink: FloatPictureSink | undefined;
  const open = async (shape: RowShape) => {
    sink = await createFloatPicture(shape, frameStore);
    return sink;
  };
  try {
    await run({ to: "floats", open });
    if (sink === undefined) throw new AppError("INTERNAL", "A part of an effects chain has no result");
    return await sink.end();
  } finally {
    await sink?.abandon();
  }
}

/** Applies effects to a whole frame, as `runChain` does. The result is RGB or RGBA. */
export async function applyChain(
  frame: Frame,
  effects: readonly ParsedEffect[],
  options: ChainOptions = {},
): Promise<Frame> {
  return toWholeFrame(await applyChainTo(frame, effects, memoryFrameStore, options));
}

/** Applies effects to a picture in memory or in a file, or to floats of earlier effects. The result lies in the frame store. */
export async function applyChainTo(
  picture: ChainPicture,
  effects: readonly ParsedEffect[],
  frameStore: FrameStore,
  options: ChainOptions = {},
): Promise<Raster> {
  let sink: RasterSink | undefined;
  const open = async (shape: RowShape) => {
    sink = await createRasterSink(shape, frameStore);
    return sink;
  };
  try {
    await withRows(picture, (rows) => runSegments(rows, effects, { to: "bytes", open }, { ...options, frameStore }));
    if (sink === undefined) throw new AppError("INTERNAL", "An effects chain has no result");
    return await sink.end();
  } finally {
    await sink?.abandon();
  }
}

/**
 * Applies the first effects of a chain, and keeps their result as floats in the frame store. A chain that begins with it has the same result as the whole
 * chain, bit by bit.
 */
export function applyBeginning(
  picture: ChainPicture,
  effects: readonly ParsedEffect[],
  frameStore: FrameStore,
  options: ChainOptions = {},
): Promise<FloatPicture> {
  return withRows(picture, (rows) => writeFloats(frameStore, (target) => runSegments(rows, effects, target, options)));
}

async function withRows<T>(picture: ChainPicture, run: (rows: PictureRows) => Promise<T>): Promise<T> {
  const rows = "raster" in picture ? await openFloatPicture(picture) : await openBytes(picture);
  try {
    return await run(rows);
  } finally {
    await rows.close();
  }
}

async function openBytes(raster: Raster): Promise<OpenPictureRows> {
  const rows = await openRows(raster);
  return { ...toPictureRows(rows), close: rows.close };
}
