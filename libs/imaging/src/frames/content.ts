import { createReadStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { scratchWrite } from "./scratch-write.ts";

/** Bytes in memory or in a file. `parts` may be called several times. */
export type Content = {
  readonly sizeBytes: number;
  /** Whether the bytes lie in a file; else they use memory as long as this object is referenced. */
  readonly isFile: boolean;
  parts(): AsyncIterable<Uint8Array>;
};

const partBytes = 1024 * 1024;

/** Returns content for bytes in memory, in one or several pieces. */
export function contentOf(...pieces: readonly Uint8Array[]): Content {
  return {
    sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
    isFile: false,
    async *parts() {
      yield* pieces;
    },
  };
}

/** Returns content for the bytes of a file from `start` on, all or `length` of them. They are read on demand. */
export async function contentOfFile(path: string, start = 0, length?: number): Promise<Content> {
  const sizeBytes = length ?? (await stat(path)).size - start;
  return {
    sizeBytes,
    isFile: true,
    async *parts() {
      const options = { start, end: start + sizeBytes - 1, highWaterMark: partBytes };
      for await (const part of createReadStream(path, options)) yield part as Uint8Array;
    },
  };
}

/** Writes the content to a file at `path` and returns the file's content. Throws STORAGE_FULL without space. */
export async function toFileContent(content: Content, path: string): Promise<Content> {
  await scratchWrite(() => writeFile(path, content.parts()));
  return await contentOfFile(path);
}
