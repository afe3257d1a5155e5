import { createByteSink } from "./byte-sink.ts";
import type { Frame } from "./frame.ts";
import { openFileRows } from "./frame-file.ts";
import type { FrameStore } from "./frame-store.ts";
import { isFrameFile, type Raster, type Shape } from "./raster.ts";
import { countNextRows, createFrameSource, type RowSink, type RowSource } from "./rows.ts";

/** A row source that holds a file open until it is closed. */
export type OpenRows = RowSource & { close(): Promise<void> };

/** A sink that becomes a raster after its last row. */
export type RasterSink = RowSink & {
  /** Returns the raster. Throws before the last row. */
  end(): Promise<Raster>;
  /** Closes the sink of failed work. */
  abandon(): Promise<void>;
};

/** Opens the rows of a raster, for reads in any order. */
export async function openRows(raster: Raster): Promise<OpenRows> {
  if (isFrameFile(raster)) return openFileRows(raster);
  return { ...createFrameSource(raster), close: async () => {} };
}

/**
 * Creates a sink for a picture of this shape: memory of the frame store if it allows that, else a file. Not usable after the
 * frame store is closed.
 */
export async function createRasterSink(
  { widthPx, heightPx, channels }: Shape,
  frameStore: FrameStore,
): Promise<RasterSink> {
  const bytes = await createByteSink({ widthPx, heightPx, channels }, frameStore, frameStore.newMemory);
  const stride = widthPx * channels;
  let nextRow = 0;
  return {
    widthPx,
    heightPx,
    channels,
    async writeRows(y, rows) {
      nextRow += countNextRows({ widthPx, heightPx, channels }, nextRow, y, rows);
      await bytes.write(rows);
    },
    memoryFor: (y, count) => (y === nextRow ? bytes.next(count * stride) : undefined),
    memoryAhead: (y, count) => (y >= nextRow ? bytes.next(count * stride, (y - nextRow) * stride) : undefined),
    end: bytes.end,
    abandon: bytes.abandon,
  };
}

/** Reads the whole raster into memory. */
export async function toWholeFrame(raster: Raster): Promise<Frame> {
  if (!isFrameFile(raster)) return raster;
  const rows = await openFileRows(raster);
  try {
    const { widthPx, heightPx, channels } = raster;
    return { widthPx, heightPx, channels, data: await rows.readRows(0, heightPx) };
  } finally {
    await rows.close();
  }
}
