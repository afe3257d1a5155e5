import type { AvailableModel } from "../models/registry.ts";
import { toModelKey } from "./model-key.ts";
import type { PooledHost } from "./pooled-hosts.ts";

/** Timers that find models without a use for a while. */
export type IdleTimers = {
  /** Starts the timer of a model again. */
  readonly restart: (pooled: PooledHost, model: AvailableModel) => void;
  readonly cancel: (pooled: PooledHost, model: AvailableModel) => void;
  readonly cancelAll: () => void;
};

/** Calls `onIdle` when a model's timer was not restarted or cancelled for its `ttlMs`. The timers keep no process alive. */
export function createIdleTimers(
  ttlMs: (pooled: PooledHost) => number,
  onIdle: (pooled: PooledHost, model: AvailableModel) => void,
): IdleTimers {
  const timers = new Map<string, NodeJS.Timeout>();
  const toKey = (pooled: PooledHost, model: AvailableModel) => `${pooled.hostId}/${toModelKey(model)}`;
  const cancel: IdleTimers["cancel"] = (pooled, model) => {
    const key = toKey(pooled, model);
    clearTimeout(timers.get(key));
    timers.delete(key);
  };
  return {
    restart(pooled, model) {
      cancel(pooled, model);
      timers.set(toKey(pooled, model), setTimeout(() => onIdle(pooled, model), ttlMs(pooled)).unref());
    },
    cancel,
    cancelAll() {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
