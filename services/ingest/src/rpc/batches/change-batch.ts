import { AppError } from "@pixelmesh/errors";
import type { Batch, BatchProgress } from "@pixelmesh/proto";
import type { BatchStore, StoredBatch } from "../../batches/batch-store.ts";
import { toBatch } from "../../batches/batch-view.ts";

const maxRounds = 20;

/**
 * Changes the progress record of a batch by compare-and-set, and announces the change to the feeder. `change` returns undefined if there is nothing
 * to change; it may throw to refuse. Throws BATCH_NOT_FOUND.
 */
export async function changeBatch(
  batches: Pick<BatchStore, "get" | "updateProgress" | "announce">,
  batchId: string,
  tenant: string,
  change: (batch: StoredBatch) => BatchProgress | undefined,
): Promise<Batch> {
  for (let round = 0; round < maxRounds; round++) {
    const batch = await batches.get(batchId, tenant);
    const progress = change(batch);
    if (!progress) return toBatch(batch, Date.now());
    const revision = await batches.updateProgress(batchId, progress, batch.revision);
    if (revision === undefined) continue;
    await batches.announce({ batchId, tenant });
    return toBatch({ spec: batch.spec, progress }, Date.now());
  }
  throw new AppError("BROKER_UNAVAILABLE", "The batch kept changing while it was written", { retryAfterMs: 500 });
}
