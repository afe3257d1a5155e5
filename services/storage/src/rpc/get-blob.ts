import type { GetBlobRequest, GetBlobResponse } from "@pixelmesh/proto";
import type { ByteBudget, CallContext } from "@pixelmesh/rpc";
import { readChunkBytes } from "../adapters/read-blob.ts";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";

/** Memory of one download: one chunk held back, one being read, two being sent, and one of these encoded. */
const downloadBytes = 5 * readChunkBytes;

/** GetBlob: streams a header, then the bytes or the requested range, once the budget `downloads` has memory. */
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
