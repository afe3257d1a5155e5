import type { GetStatsResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/blob-store.ts";

/** GetStats: returns counts since the start and current sizes. */
export function createGetStats(store: BlobStore) {
  return async (): Promise<GetStatsResponse> => {
    const { blobs, sizeBytes, capacityBytes, puts, putsDeduplicated, gets, corrupt, evicted, reservedBytes } =
      store.stats();
    return {
      blobs,
      sizeBytes,
      capacityBytes,
      putsTotal: puts,
      putsDeduplicatedTotal: putsDeduplicated,
      getsTotal: gets,
      corruptTotal: corrupt,
      evictedTotal: evicted,
      reservedBytes,
    };
  };
}
