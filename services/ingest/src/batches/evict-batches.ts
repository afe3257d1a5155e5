import { type Bus, readBucketState } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import { type BucketFill, isBelowTarget, isOverfull } from "../domain/eviction-thresholds.ts";
import type { BatchStore } from "./batch-store.ts";

/** Removes the oldest finished batches of an overfull bucket. */
export type BatchEvictor = { close(): Promise<void> };

/** Dependencies of `startBatchEvictor`. */
export type BatchEvictorParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly batches: Pick<BatchStore, "list" | "listOpen" | "remove">;
  readonly lease: { isHeld(): boolean };
};

/** The most keys of the bucket, for example 4,000 batches of up to 500 pictures. The broker lists them for each listing of batches. */
const maxEntries = 16_000;
const everyMs = 5_000;
const removedPerReading = 8;

/** Reads the size of a bucket of batches. */
export async function readBatchFill(bus: Bus): Promise<BucketFill> {
  return { ...(await readBucketState(bus, "batches")), maxEntries };
}

/** Checks the bucket every 5 s on the replica that holds the lease. Above 80 % of the bound, finished batches are removed until 70 %. */
export function startBatchEvictor({ base, batches, lease }: BatchEvictorParts): BatchEvictor {
  const { bus, log, metrics } = base;
  let running: Promise<void> | undefined;
  let hasLed = false;

  function exportFill({ sizeBytes, boundBytes, entries }: Omit<BucketFill, "maxEntries">): void {
    const labels = { bucket: "batches" } as const;
    metrics.set("pixelmesh_bucket_bytes", labels, sizeBytes);
    metrics.set("pixelmesh_bucket_bound_bytes", labels, boundBytes);
    metrics.set("pixelmesh_bucket_entries", labels, entries);
  }

  async function evict(): Promise<void> {
    let fill = await readBatchFill(bus);
    if (isOverfull(fill)) {
      const open = new Set((await batches.listOpen()).map(({ batchId }) => batchId));
      // Their ids sort by time, those of all tenants too.
      const finished = (await batches.list("*")).filter(({ batchId }) => !open.has(batchId));
      let removed = 0;
      for (; finished.length > 0 && !isBelowTarget(fill) && lease.isHeld(); fill = await readBatchFill(bus)) {
        for (const key of finished.splice(0, removedPerReading)) {
          await batches.remove(key);
          removed += 1;
        }
      }
      metrics.count("pixelmesh_bucket_evictions_total", { bucket: "batches" }, removed);
      log.info({ removed }, "the oldest finished batches were removed");
    }
    exportFill(fill);
  }

  const timer = setInterval(() => {
    if (!lease.isHeld()) {
      if (hasLed) exportFill({ sizeBytes: 0, boundBytes: 0, entries: 0 });
      hasLed = false;
      return;
    }
    hasLed = true;
    running ??= evict()
      .catch((error: unknown) => log.debug({ err: error }, "bucket of batches not checked; it is retried"))
      .finally(() => {
        running = undefined;
      });
  }, everyMs);
  timer.unref();

  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
