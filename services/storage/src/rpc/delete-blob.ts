import type { DeleteBlobRequest, DeleteBlobResponse } from "@pixelmesh/proto";
import { parseDigest } from "../domain/digest.ts";
import type { BlobStore } from "../domain/ports.ts";

/** DeleteBlob: removes the bytes. */
export function createDeleteBlob(store: BlobStore) {
  return async ({ sha256 }: DeleteBlobRequest): Promise<DeleteBlobResponse> => ({
    existed: await store.delete(parseDigest("sha256", sha256)),
  });
}
