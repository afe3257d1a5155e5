import type { Batch, GetBatchRequest } from "@pixelmesh/proto";
import type { BatchStore } from "../../batches/batch-store.ts";
import { toBatch } from "../../batches/batch-view.ts";
import { callTenant } from "../call-tenant.ts";

/** GetBatch: returns the batch. */
export function createGetBatch(batches: Pick<BatchStore, "get">) {
  return async ({ batchId }: GetBatchRequest): Promise<Batch> =>
    toBatch(await batches.get(batchId, callTenant()), Date.now());
}
