import type { PutBlobRequest, PutBlobResponse } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { parseDigest } from "../domain/digest.ts";
import type { BlobStore } from "../domain/ports.ts";

/** PutBlob: answers once the bytes are durable. */
export function createPutBlob(store: BlobStore) {
  return async function putBlob(
    stream: AsyncIterable<PutBlobRequest>,
    { signal }: CallContext,
  ): Promise<PutBlobResponse> {
    const { header, chunks } = await splitHeader(stream);
    const announced = {
      ...(header.sha256 === "" ? {} : { sha256: parseDigest("sha256", header.sha256) }),
      ...(header.sizeBytes === 0 ? {} : { sizeBytes: header.sizeBytes }),
    };
    const put = await store.put(chunks, { ...announced, keepUntilMs: header.keepUntilUnixMs }, signal);
    const { sha256, sizeBytes, keepUntilMs, existed } = put;
    return { blob: { sha256, sizeBytes, mediaType: header.mediaType }, existed, keepUntilUnixMs: keepUntilMs };
  };
}
