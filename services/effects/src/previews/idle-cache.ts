import { LRUCache } from "lru-cache";

/** A cache whose entries go when others need their memory, and some time after their last use. */
export type IdleCache<V> = {
  /** Returns a value and counts as its use. */
  get(key: string): V | undefined;
  set(key: string, value: V): void;
};

// Pictures of users, which may be deleted elsewhere, do not stay in the memory of an idle process.
const idleMs = 15 * 60_000;

/** Creates an empty cache of at most `maxBytes`; the least recently used entries go first, and each 15 min after its last use. */
export function createIdleCache<V extends object>(
  maxBytes: number,
  sizeOf: (value: V, key: string) => number,
): IdleCache<V> {
  return new LRUCache<string, V>({
    maxSize: maxBytes,
    sizeCalculation: sizeOf,
    ttl: idleMs,
    updateAgeOnGet: true,
    ttlAutopurge: true,
    // The default is the clock at import, which tests cannot move.
    perf: { now: () => performance.now() },
  });
}
