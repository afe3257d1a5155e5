import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import type { SpareMemory } from "./spare-memory.ts";

/** Where the pictures of one piece of work lie: in memory up to a size, larger ones in files. */
export type FrameStore = {
  /** A raster of more bytes becomes a file. */
  readonly maxFrameBytes: number;
  /** Resolves to a path that no other raster of this frame store has. */
  newPath(extension: string): Promise<string>;
  /** Returns memory for a raster, with any content. Another frame store may get it after this one is closed. */
  newMemory(bytes: number): Uint8Array;
  /** Removes all files and gives back the memory. None of its rasters may be in use. Idempotent. */
  close(): Promise<void>;
};

/** A frame store without files: pictures of any size lie in memory. */
export const memoryFrameStore: FrameStore = Object.freeze({
  maxFrameBytes: Number.POSITIVE_INFINITY,
  newPath: () => Promise.reject(new AppError("INTERNAL", "A frame store in memory has no files")),
  newMemory: (bytes) => new Uint8Array(bytes),
  close: async () => {},
});

/**
 * Creates a frame store. Its first file creates its own directory inside the one that `parent` resolves to. Its memory comes
 * from `spare` and goes back there.
 */
export function createFrameStore(
  parent: () => Promise<string>,
  maxFrameBytes: number,
  spare?: SpareMemory,
): FrameStore {
  let own: Promise<string> | undefined;
  let files = 0;
  let closed = false;
  let memories: Uint8Array[] = [];
  return {
    maxFrameBytes,
    async newPath(extension) {
      // Work that still runs after a step has failed must not leave files behind.
      if (closed) throw new AppError("INTERNAL", "A file was requested from a closed frame store");
      own ??= parent().then((dir) => mkdtemp(join(dir, "frames-")));
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
