import type { EvictionCause } from "./events.ts";

/** A model that a pool holds on a device. Times in ms on one clock. */
export type PooledModel = {
  readonly key: string;
  /** Number of current model leases. */
  readonly leases: number;
  readonly pinned: boolean;
  readonly loadedMs: number;
  readonly lastUsedMs: number;
  /** How long loading it took. */
  readonly loadMs: number;
};

/** How many models a pool may hold on one device, without pinned ones. */
export type EvictionRules = {
  /** Memory of all hosts together. */
  readonly maxBytes: number;
  readonly maxModels: number;
  /** A loaded model is protected from eviction for ten times its load time, but at most this long. */
  readonly minResidentMs: number;
};

/** What has to happen before another model is loaded: nothing, an eviction, or the release of a lease. */
export type EvictionStep =
  | { readonly go: true }
  | { readonly evict: string; readonly why: EvictionCause }
  | { readonly wait: "release" };

/** A model that is about to be loaded, and the memory it needs. */
export type WantedModel = { readonly key: string; readonly bytes: number };

/**
 * The next step before `wanted` can be loaded beside the models of the pool, which use `usedBytes` now. Evicts the least
 * recently used model without a lease. Pinned models are never evicted. If only pinned models are loaded, the wanted one may
 * be loaded in any case, because admission decides whether there is memory for it.
 */
export function nextEviction(
  models: readonly PooledModel[],
  wanted: WantedModel,
  usedBytes: number,
  rules: EvictionRules,
): EvictionStep {
  const others = models.filter(({ key, pinned }) => key !== wanted.key && !pinned);
  const isTooMany = others.length >= rules.maxModels;
  if (others.length === 0 || (!isTooMany && usedBytes + wanted.bytes <= rules.maxBytes)) return { go: true };
  const free = others.filter(({ leases }) => leases === 0).sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const [oldest] = free;
  return oldest === undefined ? { wait: "release" } : { evict: oldest.key, why: isTooMany ? "count" : "memory" };
}

/** How long a model is still protected from eviction, in ms. Limits loading to a tenth of the time. */
export function protectedForMs(model: PooledModel, rules: EvictionRules, nowMs: number): number {
  return Math.max(0, model.loadedMs + Math.min(rules.minResidentMs, 10 * model.loadMs) - nowMs);
}

/** How long a caller should wait before it requests a model that would evict a protected one; 0 if it need not wait. */
export function evictionDelayMs(
  models: readonly PooledModel[],
  wanted: WantedModel,
  usedBytes: number,
  rules: EvictionRules,
  nowMs: number,
): number {
  if (models.some(({ key }) => key === wanted.key)) return 0;
  const step = nextEviction(models, wanted, usedBytes, rules);
  const victim = "evict" in step ? models.find(({ key }) => key === step.evict) : undefined;
  return victim === undefined ? 0 : protectedForMs(victim, rules, nowMs);
}
