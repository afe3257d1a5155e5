import {
  copyRows,
  createRasterSink,
  discardRaster,
  type FrameStore,
  findConstantAlpha,
  frameHasAlpha,
  openRows,
  type Raster,
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
  /** The model's scale. */
  readonly scale: number;
  /** The model's reach, within which hidden colours matter. */
  readonly haloPx: number;
  readonly finishing: Finishing | undefined;
  /** Enlarges the colours of a row source by `scale` into a row sink. */
  readonly run: (source: RowSource, sink: RowSink) => Promise<void>;
  /** Where pictures lie that do not fit memory. */
  readonly frameStore: FrameStore;
  readonly signal: AbortSignal;
};

/**
 * Enlarges a picture to a size: colours by the model, then by Lanczos if the model's scale differs. The result gets the
 * picture's local means back, and is finished. Alpha that varies is enlarged separately by a cubic kernel, because a Lanczos
 * kernel would leave rings of faint alpha around edges. Pictures above the frame store's memory limit are never whole in memory.
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
  const { target, scale, haloPx, finishing, frameStore, signal } = enlargement;
  const openUntilDone = async (raster: Raster): Promise<RowSource> => {
    const rows = await openRows(raster);
    open.defer(rows.close);
    return rows;
  };

  const rows = await openUntilDone(picture);
  const constant = await findConstantAlpha(rows);
  const varies = frameHasAlpha(picture) && constant === undefined;
  const color = varies ? bleedColors(rows, haloPx + 2) : frameHasAlpha(picture) ? dropAlpha(rows) : rows;

  const result = await createRasterSink({ ...target, channels: picture.channels }, frameStore);
  open.defer(result.abandon);
  const alpha = varies ? await openUntilDone(await enlargeAlpha(rows, enlargement)) : constant;
  const joined = alpha === undefined ? result : joinAlpha(result, alpha, signal);
  const finished = finishing ? createFinishing(joined, finishing, signal) : joined;
  const sink = keepMeans(finished, color, { alpha: varies ? alphaOf(rows) : undefined, signal });

  if (target.widthPx === picture.widthPx * scale && target.heightPx === picture.heightPx * scale) {
    await enlargement.run(color, sink);
  } else {
    const resized = await openUntilDone(await runAndResize(color, enlargement));
    await copyRows(resized, sink, signal);
  }
  return result.end();
}

async function runAndResize(color: RowSource, { run, scale, target, frameStore }: Enlargement): Promise<Raster> {
  const { widthPx, heightPx, channels } = color;
  const whole = await createRasterSink({ widthPx: widthPx * scale, heightPx: heightPx * scale, channels }, frameStore);
  try {
    await run(color, whole);
    const enlarged = await whole.end();
    const resized = await resizeRaster(enlarged, target.widthPx, target.heightPx, "lanczos3", frameStore);
    await discardRaster(enlarged);
    return resized;
  } finally {
    await whole.abandon();
  }
}

async function enlargeAlpha(rows: RowSource, { target, frameStore, signal }: Enlargement): Promise<Raster> {
  const alpha = alphaOf(rows);
  const sink = await createRasterSink(alpha, frameStore);
  try {
    await copyRows(alpha, sink, signal);
    return resizeRaster(await sink.end(), target.widthPx, target.heightPx, "cubic", frameStore);
  } finally {
    await sink.abandon();
  }
}
