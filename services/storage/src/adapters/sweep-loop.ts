import type { ServiceBase } from "@pixelmesh/service";
import { blobKinds } from "../domain/blob-kind.ts";
import type { BlobStore, StoreStats } from "../domain/blob-store.ts";

/** Sweeps a store one step at a time, with a pause of `everyMs`, and updates its metrics. Returns a function that stops it. */
export function startSweeping(
  store: BlobStore,
  everyMs: number,
  { log, metrics }: Pick<ServiceBase, "log" | "metrics">,
): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  let exported: StoreStats | undefined;

  function exportStats(): void {
    const stats = store.stats();
    for (const kind of blobKinds) {
      metrics.set("pixelmesh_storage_bytes", { kind }, stats.byKind[kind].sizeBytes);
      const evicted = stats.byKind[kind].evicted - (exported?.byKind[kind].evicted ?? 0);
      metrics.count("pixelmesh_storage_evictions_total", { kind }, evicted);
    }
    metrics.set("pixelmesh_storage_capacity_bytes", {}, stats.capacityBytes);
    metrics.set("pixelmesh_storage_reserved_bytes", {}, stats.reservedBytes);
    metrics.set("pixelmesh_storage_free_bytes", {}, stats.freeBytes);
    for (const why of ["full", "disk"] as const)
      metrics.count(
        "pixelmesh_storage_refused_total",
        { reason: why },
        stats.refused[why] - (exported?.refused[why] ?? 0),
      );
    exported = stats;
  }

  async function sweep(): Promise<void> {
    try {
      const { removed, freedBytes } = await store.sweep();
      if (removed > 0) log.info({ removed, freedBytes }, "expired blobs removed");
    } catch (error) {
      log.error({ err: error }, "sweeping failed; tried again");
    }
    exportStats();
    if (!stopped) schedule();
  }
  function schedule() {
    timer = setTimeout(() => {
      sweeping = sweep();
    }, everyMs);
  }
  exportStats();
  schedule();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await sweeping;
  };
}
