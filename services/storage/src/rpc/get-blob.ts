import type { GetBlobRequest, GetBlobResponse } from "@pixelmesh/proto";
import type { ByteBudget, CallContext } from "@pixelmesh/rpc";
import { readChunkBytes } from "../adapters/read-blob.ts";
import { parseDigest } from "../domain/digest.ts";
import type { BlobStore } from "../domain/ports.ts";

/** Memory of one download: a chunk that is held back, one that is read, two on their way out and one of them encoded. */
const downloadBytes = 5 * readChunkBytes;

/** GetBlob: a header, then the bytes or the range of them that was asked for, once `downloads` has memory for them. */
export function createGetBlob(store: BlobStore, downloads: ByteBudget) {
  return async function* getBlob(
    { sha256, offsetBytes, lengthBytes }: GetBlobRequest,
    { signal }: CallContext,
  ): AsyncGenerator<GetBlobResponse, void, undefined> {
    const digest = parseDigest("sha256", sha256);
    const share = await downloads.take(downloadBytes, signal);
    try {
      const blob = await store.open(digest, offsetBytes, lengthBytes, signal);
      try {
        const { sizeBytes } = blob.stat;
        const header = {
          blob: { sha256, sizeBytes, mediaType: "" },
          offsetBytes: blob.offsetBytes,
          lengthBytes: blob.lengthBytes,
        };
        yield { part: { $case: "header", value: header } };
        for await (const value of blob.chunks) yield { part: { $case: "chunk", value } };
      } finally {
        await blob[Symbol.asyncDispose]();
      }
    } finally {
      share.release();
    }
  };
}
