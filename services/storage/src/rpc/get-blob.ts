import type { GetBlobRequest, GetBlobResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { parseDigest } from "../domain/digest.ts";
import type { BlobStore } from "../domain/ports.ts";

/** GetBlob: a header, then the bytes or the range of them that was asked for. */
export function createGetBlob(store: BlobStore) {
  return async function* getBlob(
    { sha256, offsetBytes, lengthBytes }: GetBlobRequest,
    { signal }: CallContext,
  ): AsyncGenerator<GetBlobResponse, void, undefined> {
    const blob = await store.open(parseDigest("sha256", sha256), offsetBytes, lengthBytes, signal);
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
  };
}
