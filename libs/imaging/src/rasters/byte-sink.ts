import { open } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { createFrame } from "../frame.ts";
import { toFrameFileHeader } from "./frame-file.ts";
import { type Raster, rasterBytes, type Shape } from "./raster.ts";
import type { Room } from "./room.ts";
import { scratchWrite } from "./scratch-write.ts";

/** Takes a picture's pixels as bytes in order, in pieces of any length, and becomes a raster. */
export type ByteSink = {
  write(bytes: Uint8Array): Promise<void>;
  /** The raster. MALFORMED_MESSAGE where bytes are missing. */
  end(): Promise<Raster>;
  /** Lets go of what was written; for work that has failed. Harmless after `end`. */
  abandon(): Promise<void>;
};

/** A sink for a picture of this shape: memory where the room allows it, else a file. Throws MALFORMED_MESSAGE for too many bytes. */
export async function createByteSink(shape: Shape, room: Room): Promise<ByteSink> {
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
    const frame = createFrame(widthPx, heightPx, channels);
    return {
      async write(bytes) {
        count(bytes);
        frame.data.set(bytes, written - bytes.length);
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
