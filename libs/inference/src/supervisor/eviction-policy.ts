import type { UnloadCause } from "./events.ts";

/** A model that a pool holds on a device. Times in ms on one clock. */
export type HeldModel = {
  readonly key: string;
  readonly holders: number;
  readonly pinned: boolean;
  readonly loadedMs: number;
  readonly lastUsedMs: number;
  /** What loading it took. */
  readonly loadMs: number;
};

/** What a pool may hold on one device, pinned models aside. */
export type RoomRules = {
  /** Memory of all hosts together. */
  readonly maxBytes: number;
  readonly maxModels: number;
  /** A model stays at least ten times as long as it took to load, and at most this, before another may take its place. */
  readonly minResidentMs: number;
};

/** What has to happen before another model is loaded. `release`: somebody has to give a model back first. */
export type RoomStep =
  | { readonly go: true }
  | { readonly unload: string; readonly why: UnloadCause }
  | { readonly wait: "release" };

/**
 * The next step towards room for a model of `bytes` beside those held, which use `usedBytes` now: the least recently used
 * that nobody holds goes first. What is pinned never goes; a model that does not fit beside pinned ones only is let in all the
 * same, since whether there is memory for it is for admission to say.
 */
export function nextRoomStep(
  held: readonly HeldModel[],
  wanted: { readonly key: string; readonly bytes: number },
  usedBytes: number,
  rules: RoomRules,
): RoomStep {
  const others = held.filter(({ key, pinned }) => key !== wanted.key && !pinned);
  const isTooMany = others.length >= rules.maxModels;
  if (others.length === 0 || (!isTooMany && usedBytes + wanted.bytes <= rules.maxBytes)) return { go: true };
  const free = others.filter(({ holders }) => holders === 0).sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const [oldest] = free;
  return oldest === undefined ? { wait: "release" } : { unload: oldest.key, why: isTooMany ? "count" : "memory" };
}

/** How long a model is still protected from being displaced: loading shall take no more than a tenth of the time. */
export function protectedForMs(model: HeldModel, rules: RoomRules, nowMs: number): number {
  return Math.max(0, model.loadedMs + Math.min(rules.minResidentMs, 10 * model.loadMs) - nowMs);
}

/** How long a model had better wait before it takes another's place; 0 where nobody has to go or some may go now. */
export function patienceMs(
  held: readonly HeldModel[],
  wanted: { readonly key: string; readonly bytes: number },
  usedBytes: number,
  rules: RoomRules,
  nowMs: number,
): number {
  if (held.some(({ key }) => key === wanted.key)) return 0;
  const step = nextRoomStep(held, wanted, usedBytes, rules);
  const victim = "unload" in step ? held.find(({ key }) => key === step.unload) : undefined;
  return victim === undefined ? 0 : protectedForMs(victim, rules, nowMs);
}
