import { AppError } from "@pixelmesh/errors";
import type { PictureHeader } from "@pixelmesh/proto";

/** The result of a direct call: format, size in pixels and bytes, notices; then its bytes. */
export type DirectResult = {
  readonly header: PictureHeader;
  /** Read them, or call `return()` to end the call in the mesh. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
};

type Response = {
  readonly part?:
    | { readonly $case: "progress"; readonly value: number }
    | { readonly $case: "header"; readonly value: PictureHeader }
    | { readonly $case: "chunk"; readonly value: Uint8Array }
    | undefined;
};

/**
 * Reads the responses of a direct call up to the header. `onProgress` gets the progress, 0 to 1. The chunks throw RESULT_INVALID if their length
 * differs from the header's.
 */
export async function readDirectResult(
  responses: AsyncIterable<Response>,
  onProgress: (fraction: number) => void,
): Promise<DirectResult> {
  const iterator = responses[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) throw new AppError("RESULT_INVALID", "The mesh ended the call without a result");
      const { part } = value as Response;
      if (part?.$case === "progress") onProgress(part.value);
      if (part?.$case === "header") return { header: part.value, chunks: readChunks(iterator, part.value.sizeBytes) };
    }
  } catch (error) {
    // `onProgress` may have thrown: the mesh would go on with the call.
    iterator.return?.().catch(() => {});
    throw error;
  }
}

async function* readChunks(iterator: AsyncIterator<Response>, sizeBytes: number): DirectResult["chunks"] {
  let atBytes = 0;
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const { part } = next.value;
      if (part?.$case !== "chunk") continue;
      atBytes += part.value.length;
      yield part.value;
    }
  } finally {
    await iterator.return?.();
  }
  if (atBytes === sizeBytes) return;
  throw new AppError("RESULT_INVALID", `Expected ${sizeBytes} bytes of the result, got ${atBytes}`);
}
