import type { AvailableModel } from "../models/registry.ts";
import type { PooledModel } from "./eviction-policy.ts";
import { toModelKey } from "./model-key.ts";
import { waitFor } from "./wait-for.ts";

/** A model of the table. It stays in the table until it is removed, with or without leases. */
export type LeasedModel = { -readonly [K in keyof PooledModel]: PooledModel[K] } & {
  readonly model: AvailableModel;
  /** Whether it is being unloaded, so that it takes no new leases. */
  isUnloading: boolean;
};

/** The models of one device and their leases. Decides nothing; see `ModelLeases`. */
export type LeaseTable = {
  readonly find: (model: AvailableModel) => LeasedModel | undefined;
  readonly get: (key: string) => LeasedModel | undefined;
  readonly all: () => readonly LeasedModel[];
  /** Adds a lease, and the model if it is not in the table. */
  readonly addLease: (model: AvailableModel) => void;
  readonly removeLease: (model: AvailableModel) => void;
  /** Resolves after the next removal of a lease. Rejects with the signal's reason. */
  readonly nextRelease: (signal: AbortSignal | undefined) => Promise<void>;
  readonly delete: (key: string) => void;
};

/** Creates an empty table. */
export function createLeaseTable(nowMs: () => number): LeaseTable {
  const entries = new Map<string, LeasedModel>();
  let released = Promise.withResolvers<void>();
  const find: LeaseTable["find"] = (model) => entries.get(toModelKey(model));

  return {
    find,
    get: (key) => entries.get(key),
    all: () => [...entries.values()],
    addLease(model) {
      const entry = find(model) ?? createEntry(model, nowMs());
      entry.leases++;
      entry.lastUsedMs = nowMs();
      entries.set(entry.key, entry);
    },
    removeLease(model) {
      const entry = find(model);
      if (entry === undefined) return;
      entry.leases--;
      entry.lastUsedMs = nowMs();
      released.resolve();
      released = Promise.withResolvers();
    },
    nextRelease: (signal) => waitFor(released.promise, signal),
    delete: (key) => void entries.delete(key),
  };
}

function createEntry(model: AvailableModel, nowMs: number): LeasedModel {
  return {
    key: toModelKey(model),
    model,
    leases: 0,
    pinned: false,
    loadedMs: nowMs,
    lastUsedMs: nowMs,
    loadMs: 0,
    isUnloading: false,
  };
}
