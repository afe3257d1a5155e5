import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** Bytes to be sent somewhere, in memory or in a file; `parts` may be asked for more than once. */
export type Content = {
  readonly sizeBytes: number;
  parts(): AsyncIterable<Uint8Array>;
};

const partBytes = 1024 * 1024;

/** Bytes in memory, in one or several pieces. */
export function contentOf(...pieces: readonly Uint8Array[]): Content {
  return {
    sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
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
    async *parts() {
      const options = { start, end: start + sizeBytes - 1, highWaterMark: partBytes };
      for await (const part of createReadStream(path, options)) yield part as Uint8Array;
    },
  };
}
