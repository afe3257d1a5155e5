import type { Frame } from "../frame.ts";
import { countNextRows, createFrameSource, type RowSink, type RowSource } from "../rows.ts";
import { createByteSink } from "./byte-sink.ts";
import { openFileRows } from "./frame-file.ts";
import { isFrameFile, type Raster, type Shape } from "./raster.ts";
import type { Room } from "./room.ts";

/** A row source that holds a file open until it is closed. */
export type OpenRows = RowSource & { close(): Promise<void> };

/** A sink that becomes a raster once its last row is written. */
export type RasterSink = RowSink & {
  /** The raster; throws before the last row. */
  end(): Promise<Raster>;
  /** Lets go of what was written; for work that has failed. */
  abandon(): Promise<void>;
};

/** The rows of a raster, in any order of reads. */
export async function openRows(raster: Raster): Promise<OpenRows> {
  if (isFrameFile(raster)) return openFileRows(raster);
  return { ...createFrameSource(raster), close: async () => {} };
}

/** A sink for a picture of this shape: memory of the room where it allows that, else a file. Not to be written to once the room is closed. */
export async function createRasterSink({ widthPx, heightPx, channels }: Shape, room: Room): Promise<RasterSink> {
  const bytes = await createByteSink({ widthPx, heightPx, channels }, room, room.newMemory);
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
    roomFor: (y, count) => (y === nextRow ? bytes.next(count * stride) : undefined),
    roomAhead: (y, count) => (y >= nextRow ? bytes.next(count * stride, (y - nextRow) * stride) : undefined),
    end: bytes.end,
    abandon: bytes.abandon,
  };
}

/** The whole raster in memory. */
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
