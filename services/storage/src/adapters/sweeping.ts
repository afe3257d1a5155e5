import type { ServiceBase } from "@pixelmesh/service";
import type { BlobStore } from "../domain/ports.ts";

/** Sweeps a store step by step, one step at a time, until the answer is called; keeps the size metric fresh. */
export function startSweeping(
  store: BlobStore,
  everyMs: number,
  { log, metrics }: Pick<ServiceBase, "log" | "metrics">,
): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    try {
      const { removed, freedBytes } = await store.sweep();
      if (removed > 0) log.info({ removed, freedBytes }, "expired blobs removed");
    } catch (error) {
      log.error({ err: error }, "sweeping failed; tried again");
    }
    metrics.set("pixelmesh_storage_bytes", { tier: "warm" }, store.stats().sizeBytes);
    if (!stopped) schedule();
  }
  function schedule() {
    timer = setTimeout(() => {
      sweeping = sweep();
    }, everyMs);
  }
  schedule();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await sweeping;
  };
}
