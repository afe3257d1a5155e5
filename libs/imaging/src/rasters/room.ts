import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import type { SpareMemory } from "./spare-memory.ts";

/** Where the pictures of one piece of work are kept: in memory up to a size, larger ones in files. */
export type Room = {
  /** A raster of more bytes than this becomes a file. */
  readonly maxFrameBytes: number;
  /** A path that no other raster of this room has. */
  newPath(extension: string): Promise<string>;
  /** Memory for a raster, of any content. Another room may have it once this one is closed. */
  newMemory(bytes: number): Uint8Array;
  /** Removes all files of the room and gives its memory away: none of its rasters may be in use. Repeating it is safe. */
  close(): Promise<void>;
};

/** A room without files: everything is in memory, whatever its size. */
export const memoryRoom: Room = Object.freeze({
  maxFrameBytes: Number.POSITIVE_INFINITY,
  newPath: () => Promise.reject(new AppError("INTERNAL", "A room of memory alone has no files")),
  newMemory: (bytes) => new Uint8Array(bytes),
  close: async () => {},
});

/**
 * A room with files in a directory of its own, made when the first file is, inside the one that `parent` answers then. Its memory
 * comes from `spare` and goes back there.
 */
export function createRoom(parent: () => Promise<string>, maxFrameBytes: number, spare?: SpareMemory): Room {
  let own: Promise<string> | undefined;
  let files = 0;
  let closed = false;
  let memories: Uint8Array[] = [];
  return {
    maxFrameBytes,
    async newPath(extension) {
      // What is still under way when a step has failed must not leave files that nobody removes.
      if (closed) throw new AppError("INTERNAL", "A file was asked for in a room that is closed");
      own ??= parent().then((dir) => mkdtemp(join(dir, "room-")));
      return join(await own, `${++files}.${extension}`);
    },
    newMemory(bytes) {
      if (spare === undefined || closed) return new Uint8Array(bytes);
      const memory = spare.take(bytes);
      memories.push(memory);
      return memory;
    },
    async close() {
      closed = true;
      for (const memory of memories) spare?.give(memory);
      memories = [];
      if (own) await rm(await own, { recursive: true, force: true });
    },
  };
}
