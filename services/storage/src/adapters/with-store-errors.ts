import { AppError, type Reason } from "@pixelmesh/errors";
import type { BlobStore } from "../domain/blob-store.ts";
import { toStoreError } from "./fs-errors.ts";

/** Wraps a store: file system errors of all methods and of reads become AppErrors, and `onFailed` is called for each AppError. */
export function withStoreErrors(store: BlobStore, onFailed: (reason: Reason) => void): BlobStore {
  const toTyped = (error: unknown): unknown => {
    const typed = toStoreError(error);
    if (typed instanceof AppError) onFailed(typed.reason);
    return typed;
  };
  async function typed<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      throw toTyped(error);
    }
  }
  async function* typedChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* chunks;
    } catch (error) {
      throw toTyped(error);
    }
  }
  return {
    put: (chunks, options, signal) => typed(store.put(chunks, options, signal)),
    putBytes: (bytes, options) => typed(store.putBytes(bytes, options)),
    readBytes: (sha256, maxBytes) => typed(store.readBytes(sha256, maxBytes)),
    async open(sha256, offsetBytes, lengthBytes, signal) {
      const blob = await typed(store.open(sha256, offsetBytes, lengthBytes, signal));
      return { ...blob, chunks: typedChunks(blob.chunks) };
    },
    stat: (sha256, keepUntilMs, options) => typed(store.stat(sha256, keepUntilMs, options)),
    promote: (sha256, signal) => typed(store.promote(sha256, signal)),
    delete: (sha256) => typed(store.delete(sha256)),
    reserve: (request) => typed(store.reserve(request)),
    release: (jobId, digests) => typed(store.release(jobId, digests)),
    sweep: () => typed(store.sweep()),
    stats: store.stats,
  };
}
