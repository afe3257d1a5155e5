import { type Bus, readBucketState } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import { type BucketFill, isBelowTarget, isOverfull } from "../domain/eviction-thresholds.ts";

/** A bucket whose finished entries are removed by their keys. */
export type KeyedBucket = "batches" | "callbacks";

/** Dependencies of `startKeyEvictor`. */
export type KeyEvictorParts<T> = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly bucket: KeyedBucket;
  /** The most keys: the broker lists them for each listing. */
  readonly maxEntries: number;
  /** Returns what may be removed, oldest first. */
  readonly listFinished: () => Promise<T[]>;
  /** Removes one of them. Returns whether it was removed. */
  readonly remove: (finished: T) => Promise<boolean>;
  /** The size of the bucket is read again after so many of them. */
  readonly removedPerReading: number;
  readonly lease: { isHeld(): boolean };
};

const everyMs = 5_000;

/** Reads the size of a bucket. */
export async function readBucketFill(bus: Bus, bucket: KeyedBucket, maxEntries: number): Promise<BucketFill> {
  return { ...(await readBucketState(bus, bucket)), maxEntries };
}

/** Checks a bucket every 5 s on the replica that holds the lease. Above 80 % of the bound, the oldest finished entries are removed until 70 %. */
export function startKeyEvictor<T>(parts: KeyEvictorParts<T>): { close(): Promise<void> } {
  const { base, bucket, maxEntries, listFinished, remove, removedPerReading, lease } = parts;
  const { bus, log, metrics } = base;
  let running: Promise<void> | undefined;
  let hasLed = false;

  const readFill = () => readBucketFill(bus, bucket, maxEntries);

  function exportFill({ sizeBytes, boundBytes, entries }: Omit<BucketFill, "maxEntries">): void {
    metrics.set("pixelmesh_bucket_bytes", { bucket }, sizeBytes);
    metrics.set("pixelmesh_bucket_bound_bytes", { bucket }, boundBytes);
    metrics.set("pixelmesh_bucket_entries", { bucket }, entries);
  }

  async function evict(): Promise<void> {
    let fill = await readFill();
    if (isOverfull(fill)) {
      const finished = await listFinished();
      let removed = 0;
      for (; finished.length > 0 && !isBelowTarget(fill) && lease.isHeld(); fill = await readFill())
        for (const each of finished.splice(0, removedPerReading)) if (await remove(each)) removed += 1;
      metrics.count("pixelmesh_bucket_evictions_total", { bucket }, removed);
      log.info({ bucket, removed }, "the oldest finished entries were removed");
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
      .catch((error: unknown) => log.debug({ err: error, bucket }, "bucket not checked; it is retried"))
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
