import { type ByteBudget, coalesceChunks } from "@pixelmesh/rpc";

/** The bytes of a request for one call of ingest. */
export type ChunkSource = {
  /** Yields the bytes in chunks of 256 KiB. Called once. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Runs the call. Throws the failure of reading the bytes rather than what it causes in the call, and releases their memory. */
  during<T>(call: () => Promise<T>): Promise<T>;
  /** Releases the memory of the bytes. */
  release(): void;
};

/** Creates a source over a body. Its memory is charged to `uploads`. */
export function createChunkSource(body: AsyncIterable<Uint8Array>, uploads: ByteBudget): ChunkSource {
  const share = uploads.open();
  let failure: { readonly error: unknown } | undefined;
  return {
    release: share.release,
    async *chunks() {
      try {
        yield* coalesceChunks(body, share);
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    async during(call) {
      try {
        return await call();
      } catch (error) {
        throw failure ? failure.error : error;
      } finally {
        share.release();
      }
    },
  };
}
