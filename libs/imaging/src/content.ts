import { createReadStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { scratchWrite } from "./rasters/scratch-write.ts";

/** Bytes to be sent somewhere, in memory or in a file; `parts` may be asked for more than once. */
export type Content = {
  readonly sizeBytes: number;
  /** Whether the bytes lie in a file; else they take memory as long as this is referenced. */
  readonly isFile: boolean;
  parts(): AsyncIterable<Uint8Array>;
};

const partBytes = 1024 * 1024;

/** Bytes in memory, in one or several pieces. */
export function contentOf(...pieces: readonly Uint8Array[]): Content {
  return {
    sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
    isFile: false,
    async *parts() {
      yield* pieces;
    },
  };
}

/** The bytes of a file from `start` on, all or `length` of them; read as they are asked for. */
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

/** The same bytes in a file, which is written at `path`. STORAGE_FULL where it does not fit. */
export async function toFileContent(content: Content, path: string): Promise<Content> {
  await scratchWrite(() => writeFile(path, content.parts()));
  return await contentOfFile(path);
}
