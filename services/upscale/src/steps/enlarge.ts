import {
  copyRows,
  createRasterSink,
  discardRaster,
  findConstantAlpha,
  frameHasAlpha,
  openRows,
  type Raster,
  type Room,
  type RowSink,
  type RowSource,
  resizeRaster,
} from "@pixelmesh/imaging";
import type { Size } from "@pixelmesh/pipeline";
import { alphaOf, dropAlpha, joinAlpha } from "../domain/alpha-rows.ts";
import { bleedColors } from "../domain/bleed.ts";
import { createFinishing, type Finishing } from "../domain/finish.ts";
import { keepMeans } from "../domain/keep-means.ts";

/** How a picture is enlarged. */
export type Enlargement = {
  readonly target: Size;
  /** Of the model. */
  readonly scale: number;
  /** How far the model looks: so far hidden colours matter. */
  readonly haloPx: number;
  readonly finishing: Finishing | undefined;
  /** Enlarges colours, row source to row sink, by `scale`. */
  readonly run: (source: RowSource, sink: RowSink) => Promise<void>;
  /** Where what does not fit memory is kept. */
  readonly room: Room;
  readonly signal: AbortSignal;
};

/**
 * A picture enlarged to a size: colours by the model, then by Lanczos where the model's scale is another. The result gets
 * the picture's local means back, and is finished.
 * Alpha that is not the same everywhere is enlarged apart, by a cubic kernel: a Lanczos kernel would leave rings of faint
 * alpha around every edge. Nothing is whole in memory that the room would keep in a file.
 */
export async function enlarge(picture: Raster, enlargement: Enlargement): Promise<Raster> {
  const open = new AsyncDisposableStack();
  try {
    return await enlargeWith(picture, enlargement, open);
  } finally {
    await open.disposeAsync();
  }
}

async function enlargeWith(picture: Raster, enlargement: Enlargement, open: AsyncDisposableStack): Promise<Raster> {
  const { target, scale, haloPx, finishing, room, signal } = enlargement;
  const openUntilDone = async (raster: Raster): Promise<RowSource> => {
    const rows = await openRows(raster);
    open.defer(rows.close);
    return rows;
  };

  const rows = await openUntilDone(picture);
  const constant = await findConstantAlpha(rows);
  const varies = frameHasAlpha(picture) && constant === undefined;
  const color = varies ? bleedColors(rows, haloPx + 2) : frameHasAlpha(picture) ? dropAlpha(rows) : rows;

  const result = await createRasterSink({ ...target, channels: picture.channels }, room);
  open.defer(result.abandon);
  const alpha = varies ? await openUntilDone(await enlargeAlpha(rows, enlargement)) : constant;
  const joined = alpha === undefined ? result : joinAlpha(result, alpha, signal);
  const finished = finishing ? createFinishing(joined, finishing, signal) : joined;
  const { newMemory } = room;
  const sink = keepMeans(finished, color, { alpha: varies ? alphaOf(rows) : undefined, signal, newMemory });

  if (target.widthPx === picture.widthPx * scale && target.heightPx === picture.heightPx * scale) {
    await enlargement.run(color, sink);
  } else {
    const resized = await openUntilDone(await runAndResize(color, enlargement));
    await copyRows(resized, sink, signal);
  }
  return result.end();
}

async function runAndResize(color: RowSource, { run, scale, target, room }: Enlargement): Promise<Raster> {
  const { widthPx, heightPx, channels } = color;
  const whole = await createRasterSink({ widthPx: widthPx * scale, heightPx: heightPx * scale, channels }, room);
  try {
    await run(color, whole);
    const enlarged = await whole.end();
    const resized = await resizeRaster(enlarged, target.widthPx, target.heightPx, "lanczos3", room);
    await discardRaster(enlarged);
    return resized;
  } finally {
    await whole.abandon();
  }
}

async function enlargeAlpha(rows: RowSource, { target, room, signal }: Enlargement): Promise<Raster> {
  const alpha = alphaOf(rows);
  const sink = await createRasterSink(alpha, room);
  try {
    await copyRows(alpha, sink, signal);
    return resizeRaster(await sink.end(), target.widthPx, target.heightPx, "cubic", room);
  } finally {
    await sink.abandon();
  }
}
