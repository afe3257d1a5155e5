import { open } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { createFrame } from "../frame.ts";
import { toFrameFileHeader } from "./frame-file.ts";
import { type Raster, rasterBytes, type Shape } from "./raster.ts";
import { memoryRoom, type Room } from "./room.ts";
import { scratchWrite } from "./scratch-write.ts";

/** Takes a picture's pixels as bytes in order, in pieces of any length, and becomes a raster. */
export type ByteSink = {
  write(bytes: Uint8Array): Promise<void>;
  /** Memory of the raster itself for bytes `ahead` of the next one, where it has some: writing them from there costs no copy. */
  next(length: number, ahead?: number): Uint8Array | undefined;
  /** The raster. MALFORMED_MESSAGE where bytes are missing. */
  end(): Promise<Raster>;
  /** Lets go of what was written; for work that has failed. Harmless after `end`. */
  abandon(): Promise<void>;
};

/**
 * A sink for a picture of this shape: memory where the room allows it, else a file. Throws MALFORMED_MESSAGE for too many bytes.
 * `newMemory` is the room's own only for who is done with it before the room is closed.
 */
export async function createByteSink(
  shape: Shape,
  room: Room,
  newMemory: Room["newMemory"] = memoryRoom.newMemory,
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
  if (wanted <= room.maxFrameBytes) {
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
  const path = await room.newPath("v");
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
