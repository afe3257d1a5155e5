import type { PutBlobRequest, PutBlobResponse } from "@pixelmesh/proto";
import { type CallContext, coalesceChunks, splitHeader, takeEach } from "@pixelmesh/rpc";
import type { BlobStore } from "../domain/blob-store.ts";
import { parsePutHeader } from "./parse-put-header.ts";
import { createPutAnswer, type PutParts } from "./put-parts.ts";

/** PutBlob: resolves once the bytes are durable; counts whether they existed before. */
export function createPutBlob(store: BlobStore, parts: PutParts) {
  const { lifetime, uploads } = parts;
  const toAnswer = createPutAnswer(parts);
  return async function putBlob(
    stream: AsyncIterable<PutBlobRequest>,
    { signal }: CallContext,
  ): Promise<PutBlobResponse> {
    const { header, chunks } = await splitHeader(takeEach(stream), { isEndMarked: true });
    const share = uploads.open();
    const put = await store
      .put(coalesceChunks(chunks, share), parsePutHeader(header, lifetime), signal)
      .finally(share.release);
    return toAnswer(put, header);
  };
}
