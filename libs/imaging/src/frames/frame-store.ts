import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { freeMemory, isWhole } from "./free-memory.ts";
import { isFrameFile, type Raster } from "./raster.ts";
import type { SpareMemory } from "./spare-memory.ts";

/** Where the pictures of one piece of work lie: in memory up to a size, larger ones in files. */
export type FrameStore = {
  /** A raster of more bytes becomes a file. */
  readonly maxFrameBytes: number;
  /** Whether `newPath` works. */
  readonly hasFiles: boolean;
  /** Resolves to a path that no other raster of this frame store has. */
  newPath(extension: string): Promise<string>;
  /** Returns memory for a raster, with any content. Another frame store may get it after this one is closed. */
  newMemory(bytes: number): Uint8Array;
  /** Takes over the memory of a raster or file that a library allocated, for `end`. Memory that is shared with other data is left alone. */
  own(memory: Uint8Array): void;
  /** Removes all files and gives back the memory. None of its rasters may be in use. Idempotent. */
  close(): Promise<void>;
  /**
   * Closes the frame store and frees the memory that it took over. Only for work that has ended well, so that neither libvips nor a stream can
   * still read that memory. After other work it is left to the garbage collector.
   */
  end(): Promise<void>;
};

/** Takes over the pixels of a raster in memory. */
export function ownRaster(frameStore: Pick<FrameStore, "own">, raster: Raster): void {
  if (!isFrameFile(raster)) frameStore.own(raster.data);
}

/** A frame store without files: pictures of any size lie in memory. */
export const memoryFrameStore: FrameStore = Object.freeze({
  maxFrameBytes: Number.POSITIVE_INFINITY,
  hasFiles: false,
  newPath: () => Promise.reject(new AppError("INTERNAL", "A frame store in memory has no files")),
  newMemory: (bytes) => new Uint8Array(bytes),
  own: () => {},
  close: async () => {},
  end: async () => {},
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
  // Weak: work that drops a picture before its end must not hold it in memory.
  let owned: WeakRef<ArrayBuffer>[] = [];
  const close = async () => {
    closed = true;
    for (const memory of memories) spare?.give(memory);
    memories = [];
    owned = [];
    if (own) await rm(await own, { recursive: true, force: true });
  };
  return {
    maxFrameBytes,
    hasFiles: true,
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
    own({ buffer, byteLength }) {
      if (!closed && isWhole(buffer, byteLength)) owned.push(new WeakRef(buffer));
    },
    close,
    async end() {
      const reused = new Set<ArrayBufferLike>(memories.map(({ buffer }) => buffer));
      // A picture that passes through work unchanged is taken over as an input and as a result.
      const buffers = new Set(owned.map((reference) => reference.deref()));
      for (const buffer of buffers) {
        if (buffer && !buffer.detached && !reused.has(buffer)) freeMemory(new Uint8Array(buffer));
      }
      await close();
    },
  };
}
