import type { Bus } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import type { BucketFill } from "../domain/eviction-thresholds.ts";
import { readBucketFill, startKeyEvictor } from "../reconciler/key-evictor.ts";
import type { BatchStore } from "./batch-store.ts";

/** Removes the oldest finished batches of an overfull bucket. */
export type BatchEvictor = { close(): Promise<void> };

/** Dependencies of `startBatchEvictor`. */
export type BatchEvictorParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly batches: Pick<BatchStore, "list" | "listOpen" | "remove">;
  readonly lease: { isHeld(): boolean };
};

/** The most keys of the bucket, for example 4,000 batches of up to 500 pictures. */
const maxEntries = 16_000;
const removedPerReading = 8;

/** Reads the size of a bucket of batches. */
export function readBatchFill(bus: Bus): Promise<BucketFill> {
  return readBucketFill(bus, "batches", maxEntries);
}

/** Starts the evictor of batches, on the replica that holds the lease. */
export function startBatchEvictor({ base, batches, lease }: BatchEvictorParts): BatchEvictor {
  return startKeyEvictor({
    base,
    bucket: "batches",
    maxEntries,
    removedPerReading,
    lease,
    async listFinished() {
      const open = new Set((await batches.listOpen()).map(({ batchId }) => batchId));
      // Their ids sort by time, those of all tenants too.
      return (await batches.list("*")).filter(({ batchId }) => !open.has(batchId));
    },
    async remove(key) {
      await batches.remove(key);
      return true;
    },
  });
}
