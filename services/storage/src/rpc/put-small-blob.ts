import { expected } from "@pixelmesh/errors";
import { PutBlobHeader, type PutSmallBlobRequest, type PutSmallBlobResponse } from "@pixelmesh/proto";
import { maxSmallBlobBytes, uploadOverheadBytes } from "@pixelmesh/rpc";
import type { BlobStore } from "../domain/blob-store.ts";
import { parsePutHeader } from "./parse-put-header.ts";
import { createPutAnswer, type PutParts } from "./put-parts.ts";

/** PutSmallBlob: as PutBlob, for bytes that came in one message. Throws QUEUE_FULL if the uploads have no memory for them. */
export function createPutSmallBlob(store: BlobStore, parts: PutParts) {
  const { lifetime, uploads } = parts;
  const toAnswer = createPutAnswer(parts);
  return async ({ header = PutBlobHeader.create(), content }: PutSmallBlobRequest): Promise<PutSmallBlobResponse> => {
    if (content.length > maxSmallBlobBytes)
      throw expected("content", `at most ${maxSmallBlobBytes} bytes`, `${content.length} bytes`);
    const options = parsePutHeader(header, lifetime);
    const share = uploads.open();
    try {
      share.grow(uploadOverheadBytes + content.length);
      return toAnswer(await store.putBytes(content, options), header);
    } finally {
      share.release();
    }
  };
}
