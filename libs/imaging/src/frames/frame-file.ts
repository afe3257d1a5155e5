import { type FileHandle, open, unlink } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { assertShape, createFrame } from "./frame.ts";
import { type FrameFile, isFrameFile, type Raster, rasterBytes, type Shape } from "./raster.ts";
import { assertRows, type RowSource } from "./rows.ts";

/** Length of the header of a frame file. */
export const FRAME_FILE_HEADER_BYTES = 64;

// libvips' header (iofuncs/vips.c): magic of little-endian files, then width, height, bands, bits, format (0: 8 bit), coding,
// interpretation.
const MAGIC = 0xb6a6f208;
const GREY = 1;
const SRGB = 22;

/** Returns the header of a frame file. */
export function toFrameFileHeader({ widthPx, heightPx, channels }: Shape): Uint8Array {
  const header = new Uint8Array(FRAME_FILE_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, widthPx, true);
  view.setUint32(8, heightPx, true);
  view.setUint32(12, channels, true);
  view.setUint32(16, 8, true);
  view.setUint32(28, channels <= 2 ? GREY : SRGB, true);
  view.setFloat32(32, 1, true);
  view.setFloat32(36, 1, true);
  return header;
}

/**
 * Turns a file that libvips wrote into a frame file by removing the metadata after its pixels. Throws INTERNAL unless it holds
 * 8-bit pixels of 1 to 4 channels.
 */
export async function adoptFrameFile(path: string): Promise<FrameFile> {
  const file = await open(path, "r+");
  try {
    const header = new DataView(new ArrayBuffer(FRAME_FILE_HEADER_BYTES));
    await file.read(header, { position: 0 });
    const [widthPx = 0, heightPx = 0, channels = 0] = [4, 8, 12].map((at) => header.getUint32(at, true));
    if (header.getUint32(0) !== MAGIC || header.getUint32(20, true) !== 0) {
      throw new AppError("INTERNAL", "Expected a frame file of 8-bit pixels");
    }
    assertShape(widthPx, heightPx, channels);
    const shape = { widthPx, heightPx, channels };
    await file.write(toFrameFileHeader(shape), 0, FRAME_FILE_HEADER_BYTES, 0);
    await file.truncate(FRAME_FILE_HEADER_BYTES + rasterBytes(shape));
    return { ...shape, path };
  } finally {
    await file.close();
  }
}

/** Returns the first rows of a raster, in the same memory or file. */
export async function cropRaster(raster: Raster, heightPx: number): Promise<Raster> {
  const shape = { widthPx: raster.widthPx, heightPx, channels: raster.channels };
  if (!isFrameFile(raster))
    return createFrame(raster.widthPx, heightPx, raster.channels, raster.data.subarray(0, rasterBytes(shape)));
  const file = await open(raster.path, "r+");
  try {
    await file.write(toFrameFileHeader(shape), 0, FRAME_FILE_HEADER_BYTES, 0);
    await file.truncate(FRAME_FILE_HEADER_BYTES + rasterBytes(shape));
    return { ...shape, path: raster.path };
  } finally {
    await file.close();
  }
}

/** Opens the rows of a frame file. Each read without `spare` allocates its own memory. */
export async function openFileRows(raster: FrameFile): Promise<RowSource & { close(): Promise<void> }> {
  const { widthPx, heightPx, channels, path } = raster;
  const file = await open(path, "r");
  const stride = widthPx * channels;
  return {
    widthPx,
    heightPx,
    channels,
    async readRows(y, count, spare) {
      assertRows(y, count, heightPx);
      const rows = spare ?? new Uint8Array(count * stride);
      await readFully(file, rows, FRAME_FILE_HEADER_BYTES + y * stride);
      return rows;
    },
    close: () => file.close(),
  };
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < target.length; ) {
    const { bytesRead } = await file.read(target, at, target.length - at, position + at);
    if (bytesRead === 0) throw new AppError("INTERNAL", "A frame file ends before its last row");
    at += bytesRead;
  }
}

/** Removes the file of a raster that is no longer needed. A frame in memory is left to the garbage collector. */
export async function discardRaster(raster: Raster): Promise<void> {
  if (isFrameFile(raster)) await unlink(raster.path);
}
