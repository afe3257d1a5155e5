import type { GetSmallBlobRequest, GetSmallBlobResponse } from "@pixelmesh/proto";
import { type ByteBudget, type CallContext, maxSmallBlobBytes, onceSent } from "@pixelmesh/rpc";
import type { BlobStore } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";

/** Memory of one response: the bytes of the file, those of the encoded message, and those of the frame that is sent. */
const responseBytes = 3 * maxSmallBlobBytes;

/** GetSmallBlob: returns the verified bytes in one message, once the budget `downloads` has memory. */
export function createGetSmallBlob(store: BlobStore, downloads: ByteBudget) {
  return async ({ sha256 }: GetSmallBlobRequest, { signal }: CallContext): Promise<GetSmallBlobResponse> => {
    const digest = parseDigest("sha256", sha256);
    const share = await downloads.take(responseBytes, signal);
    try {
      const content = await store.readBytes(digest, maxSmallBlobBytes);
      return onceSent({ content }, share.release);
    } catch (error) {
      share.release();
      throw error;
    }
  };
}
