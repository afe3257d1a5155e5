import type { Batch, CancelBatchRequest } from "@pixelmesh/proto";
import type { BatchStore } from "../../batches/batch-store.ts";
import { callTenant } from "../call-tenant.ts";
import { changeBatch } from "./change-batch.ts";

/** CancelBatch: marks an unfinished batch as cancelled. The feeder cancels its open jobs and ends the others. */
export function createCancelBatch(batches: Pick<BatchStore, "get" | "updateProgress" | "announce">) {
  return async ({ batchId }: CancelBatchRequest): Promise<Batch> =>
    changeBatch(batches, batchId, callTenant(), ({ progress }) =>
      // A repetition announces it again: an earlier call may have died before it did.
      progress.finishedUnixMs !== 0 ? undefined : { ...progress, cancelled: true },
    );
}
