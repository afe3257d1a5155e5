import { open } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { createFrame } from "./frame.ts";
import { toFrameFileHeader } from "./frame-file.ts";
import { type FrameStore, memoryFrameStore } from "./frame-store.ts";
import { type Raster, rasterBytes, type Shape } from "./raster.ts";
import { scratchWrite } from "./scratch-write.ts";

/** Writes a picture's pixels from bytes in order, in pieces of any length, and returns a raster. */
export type ByteSink = {
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Returns the raster's own memory for the bytes that begin `ahead` bytes after the next one, if it lies in memory. Bytes
   * written from there are not copied.
   */
  next(length: number, ahead?: number): Uint8Array | undefined;
  /** Returns the raster. Throws MALFORMED_MESSAGE if bytes are missing. */
  end(): Promise<Raster>;
  /** Closes the sink of failed work. Harmless after `end`. */
  abandon(): Promise<void>;
};

/**
 * Creates a sink for a picture of this shape: memory if the frame store allows it, else a file. Throws MALFORMED_MESSAGE for too
 * many bytes. Pass the frame store's own `newMemory` only if the raster is not used after the store is closed.
 */
export async function createByteSink(
  shape: Shape,
  frameStore: FrameStore,
  newMemory: FrameStore["newMemory"] = memoryFrameStore.newMemory,
): Promise<ByteSink> {
  const wanted = rasterBytes(shape);
  let written = 0;
  const count = (bytes: Uint8Array) => {
    written += bytes.length;
    if (written > wanted) throw new AppError("MALFORMED_MESSAGE", `Expected ${wanted} bytes of pixels, got more`);
  };
  const assertWhole = () => {
    if (written < wanted) throw new AppError("MALFORMED_MESSAGE", `Expected ${wanted} bytes of pixels, got ${written}`);
  };
  const { widthPx, heightPx, channels } = shape;
  if (wanted <= frameStore.maxFrameBytes) {
    const frame = createFrame(widthPx, heightPx, channels, newMemory(wanted));
    const { data } = frame;
    return {
      next: (length, ahead = 0) =>
        written + ahead + length <= wanted ? data.subarray(written + ahead, written + ahead + length) : undefined,
      async write(bytes) {
        count(bytes);
        const at = written - bytes.length;
        const isThere = bytes.buffer === data.buffer && bytes.byteOffset === data.byteOffset + at;
        if (!isThere) data.set(bytes, at);
      },
      async end() {
        assertWhole();
        return frame;
      },
      abandon: async () => {},
    };
  }
  const path = await frameStore.newPath("v");
  const file = await scratchWrite(() => open(path, "w"));
  await scratchWrite(() => file.writeFile(toFrameFileHeader(shape)));
  return {
    next: () => undefined,
    async write(bytes) {
      count(bytes);
      await scratchWrite(() => file.writeFile(bytes));
    },
    async end() {
      await file.close();
      assertWhole();
      return { widthPx, heightPx, channels, path };
    },
    abandon: () => file.close(),
  };
}
