import type { Bus } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import type { CallbackQueue } from "../domain/callback-queue.ts";
import type { BucketFill } from "../domain/eviction-thresholds.ts";
import { readBucketFill, startKeyEvictor } from "../reconciler/key-evictor.ts";
import { type CallbackStore, toCallbackKey } from "./callback-store.ts";

/** Dependencies of `startCallbackEvictor`. */
export type CallbackEvictorParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly callbacks: Pick<CallbackStore, "find" | "remove">;
  readonly queue: Pick<CallbackQueue, "finished" | "remove">;
  readonly lease: { isHeld(): boolean };
};

/** The most callbacks that are kept. An entry takes about 1 KiB. */
const maxEntries = 40_000;
const removedPerReading = 16;

/** Reads the size of the bucket of callbacks. */
export function readCallbackFill(bus: Bus): Promise<BucketFill> {
  return readBucketFill(bus, "callbacks", maxEntries);
}

/** Starts the evictor of delivered and failed callbacks, on the replica that holds the lease. Pending ones stay. */
export function startCallbackEvictor({ base, callbacks, queue, lease }: CallbackEvictorParts): {
  close(): Promise<void>;
} {
  return startKeyEvictor({
    base,
    bucket: "callbacks",
    maxEntries,
    removedPerReading,
    lease,
    listFinished: async () => queue.finished(),
    async remove(key) {
      const name = toCallbackKey(key);
      const found = await callbacks.find(name);
      // It was retried meanwhile.
      if (found && found.entry.nextAttemptUnixMs !== 0) return false;
      queue.remove(key);
      return found !== undefined && (await callbacks.remove(name, found.revision));
    },
  });
}
