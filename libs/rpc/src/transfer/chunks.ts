import { type AppError, expected } from "@pixelmesh/errors";

/** Size of the chunks of a picture: large enough to be fast, well below the message limit. */
export const chunkBytes = 1024 * 1024;

/** Yields a picture as chunks of `size` bytes. They are views, not copies. */
export function* toChunks(bytes: Uint8Array, size: number = chunkBytes): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, Math.min(bytes.length, at + size));
}

type Part = { readonly $case: string; readonly value: unknown };
type ValueOf<P, Case extends string> = Extract<P, { $case: Case }> extends { value: infer V } ? V : never;

/** The error for an upload whose stream ended without an `end` message. */
export function missingEndError(): AppError {
  return expected("part", "an end in the last message", "nothing");
}

/**
 * Reads the header, the first message of a stream of `oneof {header, chunk}`, and returns the rest as chunks. With `isEndMarked` the
 * stream must close with an `end` message, else reading the chunks fails. Throws INVALID_ARGUMENT if the stream is empty, begins with
 * another part or repeats the header.
 */
export async function splitHeader<P extends Part>(
  stream: AsyncIterable<{ readonly part?: P | undefined }>,
  { isEndMarked = false }: { readonly isEndMarked?: boolean } = {},
): Promise<{ header: ValueOf<P, "header">; chunks: AsyncGenerator<Uint8Array, void, undefined> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  const part = first.done ? undefined : first.value.part;
  if (part?.$case !== "header") throw expected("part", "a header in the first message", part?.$case ?? "nothing");

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        const { part: after } = next.value;
        if (isEndMarked && after?.$case === "end") return;
        if (after?.$case !== "chunk") throw expected("part", "a chunk after the header", after?.$case ?? "nothing");
        yield after.value as Uint8Array;
      }
      if (isEndMarked) throw missingEndError();
    } finally {
      await iterator.return?.();
    }
  }
  return { header: part.value as ValueOf<P, "header">, chunks: chunks() };
}
