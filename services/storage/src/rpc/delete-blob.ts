import type { DeleteBlobRequest, DeleteBlobResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";

/** DeleteBlob: removes a blob. */
export function createDeleteBlob(store: BlobStore) {
  return async ({ sha256 }: DeleteBlobRequest): Promise<DeleteBlobResponse> => ({
    existed: await store.delete(parseDigest("sha256", sha256)),
  });
}
