import type { AvailableModel } from "../models/registry.ts";
import type { EvictionCause } from "./events.ts";
import {
  type EvictionRules,
  evictionDelayMs,
  nextEviction,
  type PooledModel,
  protectedForMs,
} from "./eviction-policy.ts";
import { createLeaseTable } from "./lease-table.ts";
import { toModelKey } from "./model-key.ts";
import { createTurns } from "./turns.ts";

/** The memory of a device: reads memory use and unloads models. */
export type DeviceMemory = {
  /** Memory that the device's hosts use now. `copyBytes` is the part of idle narrow hosts, `bytes` that of all others. */
  readonly use: () => Promise<{ readonly bytes: number; readonly copyBytes: number }>;
  /** Ends the idle narrow hosts. Their models stay loaded in the host of all threads. */
  readonly endCopies: () => Promise<void>;
  /** Unloads a model to make memory or a place free for another one. */
  readonly evict: (model: AvailableModel, why: EvictionCause) => Promise<void>;
};

/** The model leases of one device. */
export type ModelLeases = {
  /** Waits until the model may be loaded, and leases it. Rejects with the signal's reason. */
  readonly acquire: (model: AvailableModel, signal?: AbortSignal) => Promise<void>;
  readonly release: (model: AvailableModel) => void;
  /** Waits until none of the models has a lease, calls `act` to unload them, and removes them. Grants no new leases meanwhile. */
  readonly unload: <T>(models: readonly AvailableModel[], act: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  readonly recordLoad: (name: string, loadMs: number) => void;
  readonly setPinned: (name: string, pinned: boolean) => void;
  /** Removes a model without a lease. */
  readonly remove: (model: AvailableModel) => void;
  readonly evictionDelayMs: (model: AvailableModel) => Promise<number>;
  /** All models that were leased and not removed since. */
  readonly models: () => readonly (PooledModel & { readonly model: AvailableModel })[];
};

/** Creates the leases of a device without any model. */
export function createModelLeases(
  rules: EvictionRules,
  memory: DeviceMemory,
  nowMs = () => performance.now(),
): ModelLeases {
  const table = createLeaseTable(nowMs);
  // Requests that need an eviction are served in order, so that none is overtaken.
  const turns = createTurns();
  const toWanted = (model: AvailableModel) => ({ key: toModelKey(model), bytes: model.memory.residentBytes });
  const named = (name: string) => table.all().filter(({ model }) => model.name === name);

  async function evictFor(model: AvailableModel, signal: AbortSignal | undefined): Promise<void> {
    while (!table.find(model)) {
      signal?.throwIfAborted();
      const wanted = toWanted(model);
      const { bytes, copyBytes } = await memory.use();
      // A copy costs less to start again than another model.
      if (copyBytes > 0 && bytes + copyBytes + wanted.bytes > rules.maxBytes) {
        await memory.endCopies();
        continue;
      }
      const step = nextEviction(table.all(), wanted, bytes + copyBytes, rules);
      if ("go" in step) return;
      const entry = "evict" in step ? table.get(step.evict) : undefined;
      if (!("evict" in step)) await table.nextRelease(signal);
      else if (entry?.leases === 0) {
        table.delete(entry.key);
        await memory.evict(entry.model, step.why);
      }
    }
  }

  async function acquireInTurn(model: AvailableModel, signal: AbortSignal | undefined): Promise<void> {
    let isLeased = false;
    try {
      await turns.run(async () => {
        await evictFor(model, signal);
        table.addLease(model);
        isLeased = true;
      }, signal);
    } catch (error) {
      // An aborted caller may have got its lease in the same moment.
      void turns.idle().then(() => isLeased && table.removeLease(model));
      throw error;
    }
  }

  async function unloadInTurn<T>(models: readonly AvailableModel[], act: () => Promise<T>, signal?: AbortSignal) {
    const unloading = models.flatMap((model) => table.find(model) ?? []);
    for (const entry of unloading) entry.isUnloading = true;
    try {
      while (unloading.some(({ leases }) => leases > 0)) await table.nextRelease(signal);
      const result = await act();
      for (const { key } of unloading) table.delete(key);
      return result;
    } finally {
      for (const entry of unloading) entry.isUnloading = false;
    }
  }

  return {
    async acquire(model, signal) {
      signal?.throwIfAborted();
      const entry = table.find(model);
      const mayOvertake = turns.waiting === 0 || (entry && protectedForMs(entry, rules, nowMs()) > 0);
      if (entry && !entry.isUnloading && mayOvertake) return table.addLease(model);
      await acquireInTurn(model, signal);
    },
    release: table.removeLease,
    unload: (models, act, signal) => turns.run(() => unloadInTurn(models, act, signal), signal),
    recordLoad(name, loadMs) {
      for (const entry of named(name)) Object.assign(entry, { loadMs, loadedMs: nowMs() });
    },
    setPinned(name, pinned) {
      for (const entry of named(name)) entry.pinned = pinned;
    },
    remove(model) {
      const entry = table.find(model);
      if (entry?.leases === 0) table.delete(entry.key);
    },
    async evictionDelayMs(model) {
      // The memory of all processes is read only if it matters.
      if (table.all().length === 0 || table.find(model)) return 0;
      const { bytes } = await memory.use();
      return evictionDelayMs(table.all(), toWanted(model), bytes, rules, nowMs());
    },
    models: table.all,
  };
}
