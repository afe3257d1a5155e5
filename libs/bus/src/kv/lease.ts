import { setTimeout as sleep } from "node:timers/promises";
import { Lease } from "@pixelmesh/proto";
import type { Bus } from "../connection/connect.ts";
import { leaseTtlMs } from "../topology/stream-plans.ts";
import { openStore } from "./store.ts";

/** A repeated bid for a lease. One bidder holds the lease at a time. */
export type LeaseBid = {
  /** Whether this process holds the lease now. It turns false, by this process's clock, well before another can hold it. */
  isHeld(): boolean;
  /** Stops bidding and releases the lease. */
  close(): Promise<void>;
};

const renewEveryMs = 2_500;
// Shorter than the broker stores it. A renewal counts from the time it was sent.
const heldForMs = leaseTtlMs - 3_000;

/**
 * Bids for the lease `name` until closed. Creation and renewal are compare-and-set writes. The bucket's time to live ends a lease that
 * is not renewed. `holder` must be unique to this process.
 */
export async function bidForLease(bus: Bus, name: string, holder: string): Promise<LeaseBid> {
  const store = await openStore(bus, "leases", Lease);
  const stopping = new AbortController();
  let revision: number | undefined;
  let heldUntilMs = 0;

  async function tryOnce(): Promise<void> {
    const sentMs = performance.now();
    const value = { holder };
    if (revision === undefined) {
      // A renewal without confirmation may have been stored.
      const found = await store.get(name);
      if (found && found.value.holder !== holder) return;
      revision = found ? await store.update(name, value, found.revision) : await store.create(name, value);
    } else {
      revision = await store.update(name, value, revision);
    }
    if (revision !== undefined) heldUntilMs = sentMs + heldForMs;
  }

  const bidding = (async () => {
    while (!stopping.signal.aborted) {
      await tryOnce().catch((error: unknown) => {
        revision = undefined;
        bus.log.debug({ err: error, lease: name }, "lease not renewed; retrying");
      });
      await sleep(renewEveryMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    isHeld: () => performance.now() < heldUntilMs,
    async close() {
      stopping.abort();
      await bidding;
      heldUntilMs = 0;
      // If the broker is away, the time to live ends the lease.
      if (revision !== undefined) await store.deleteAt(name, revision).catch(() => false);
    },
  };
}
