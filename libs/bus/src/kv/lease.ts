import { setTimeout as sleep } from "node:timers/promises";
import { Lease } from "@pixelmesh/proto";
import type { Bus } from "../connection/connect.ts";
import { leaseTtlMs } from "../topology/provision.ts";
import { openStore } from "./store.ts";

/** A standing bid for a lease: of all that bid, one holds it at a time. */
export type LeaseBid = {
  /** Whether this process holds it now. False well before another can have it, by this process's own clock. */
  isHeld(): boolean;
  /** Gives it up and bids no more. */
  close(): Promise<void>;
};

const renewEveryMs = 2_500;
// Held for shorter than the broker keeps it: a renewal that was sent late counts from when it was sent.
const heldForMs = leaseTtlMs - 3_000;

/**
 * Bids for the lease `name` until closed. The bucket's time to live ends it when its holder does not renew it; create and
 * renewal are by compare-and-set. `holder` must be unique to this process.
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
      // A renewal whose confirmation was lost may have been made.
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
        bus.log.debug({ err: error, lease: name }, "lease not renewed; tried again");
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
      // Where the broker is away, its time to live ends it.
      if (revision !== undefined) await store.deleteAt(name, revision).catch(() => false);
    },
  };
}
