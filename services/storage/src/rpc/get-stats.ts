import type { GetStatsResponse } from "@pixelmesh/proto";
import type { BlobStore } from "../domain/ports.ts";

/** GetStats: counts since start and sizes now. */
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
