import { type CallbackEntry, CallbackState } from "@pixelmesh/proto";

/** Bounds of attempts at once, so that receivers that do not answer leave capacity for others. */
export type CallbackLimits = { readonly all: number; readonly perTenant: number; readonly perHost: number };

/** A callback as the queue knows it. */
export type KnownCallback = {
  readonly key: string;
  readonly tenant: string;
  readonly host: string;
  readonly isPending: boolean;
  readonly dueUnixMs: number;
  readonly endedUnixMs: number;
  readonly revision: number;
};

/** The callbacks of the mesh in the memory of the replica that makes them: which are due, and which attempts run. */
export type CallbackQueue = {
  /** Takes an entry as it is stored. One that is older than the known one changes nothing. */
  offer(key: string, entry: CallbackEntry, revision: number): void;
  /** Forgets a callback whose entry was removed. */
  remove(key: string): void;
  /** Returns the callback that is due longest and whose attempt may run now, and counts its attempt as running; undefined if there is none. */
  takeDue(nowUnixMs: number): KnownCallback | undefined;
  /** Ends an attempt. `retryUnixMs`: when it is made again, because its end could not be stored. A newer entry has its own time. */
  end(callback: KnownCallback, retryUnixMs?: number): void;
  /** When the next callback is due, as far as attempts may run; undefined without one. */
  nextDueUnixMs(): number | undefined;
  /** Number of pending callbacks, and when the job of the oldest one ended (0: none). */
  pending(): { readonly count: number; readonly oldestEndedUnixMs: number };
  /** Keys of finished callbacks, oldest first. */
  finished(): string[];
  clear(): void;
};

/** Creates an empty queue. Attempts that run stay counted after `clear`, until they end. */
export function createCallbackQueue(limits: CallbackLimits): CallbackQueue {
  const known = new Map<string, KnownCallback>();
  const running = new Set<string>();
  const ofTenant = new Map<string, number>();
  const ofHost = new Map<string, number>();

  function add(counts: Map<string, number>, name: string, by: number): void {
    const count = (counts.get(name) ?? 0) + by;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  }

  function mayRun({ key, tenant, host, isPending }: KnownCallback): boolean {
    if (!isPending || running.has(key)) return false;
    return (ofTenant.get(tenant) ?? 0) < limits.perTenant && (ofHost.get(host) ?? 0) < limits.perHost;
  }

  /** Returns the one that is due first of those whose attempt may run. */
  function first(): KnownCallback | undefined {
    if (running.size >= limits.all) return undefined;
    let best: KnownCallback | undefined;
    for (const callback of known.values())
      if (mayRun(callback) && (!best || callback.dueUnixMs < best.dueUnixMs)) best = callback;
    return best;
  }

  return {
    offer(key, entry, revision) {
      if ((known.get(key)?.revision ?? 0) >= revision) return;
      const { tenant, url, state, nextAttemptUnixMs: dueUnixMs, endedUnixMs } = entry;
      const isPending = state === CallbackState.PENDING;
      known.set(key, { key, tenant, host: URL.parse(url)?.host ?? "", isPending, dueUnixMs, endedUnixMs, revision });
    },
    remove: (key) => void known.delete(key),
    takeDue(nowUnixMs) {
      const callback = first();
      if (!callback || callback.dueUnixMs > nowUnixMs) return undefined;
      running.add(callback.key);
      add(ofTenant, callback.tenant, 1);
      add(ofHost, callback.host, 1);
      return callback;
    },
    end({ key, tenant, host, revision }, retryUnixMs) {
      if (!running.delete(key)) return;
      add(ofTenant, tenant, -1);
      add(ofHost, host, -1);
      const callback = known.get(key);
      if (callback?.revision === revision && retryUnixMs !== undefined)
        known.set(key, { ...callback, dueUnixMs: retryUnixMs });
    },
    nextDueUnixMs: () => first()?.dueUnixMs,
    pending() {
      let count = 0;
      let oldest = Number.POSITIVE_INFINITY;
      for (const { isPending, endedUnixMs } of known.values()) {
        if (!isPending) continue;
        count += 1;
        oldest = Math.min(oldest, endedUnixMs);
      }
      return { count, oldestEndedUnixMs: count === 0 ? 0 : oldest };
    },
    finished() {
      const finished = [...known.values()].filter(({ isPending }) => !isPending);
      return finished.sort((a, b) => a.endedUnixMs - b.endedUnixMs).map(({ key }) => key);
    },
    clear: () => known.clear(),
  };
}
