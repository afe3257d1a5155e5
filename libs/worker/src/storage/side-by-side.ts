/** Limits of stores that run side by side. A store above `maxBytes` runs alone. */
export type SideBySideLimits = { readonly maxCount: number; readonly maxBytes: number };

/** Stores of one step that run side by side. */
export type SideBySide<T> = {
  /** Resolves when another store may begin. Rejects with the first failure of a store. */
  turn(): Promise<void>;
  /** Begins a store of `sizeBytes`. */
  begin(sizeBytes: number, store: () => Promise<T>): void;
  /** Resolves to the results in the order in which their stores began. Rejects with the first failure. */
  all(): Promise<T[]>;
  /** Resolves when no store runs any more, failed or not. */
  settled(): Promise<void>;
};

/** Creates a set of stores. `onFailure` is called with the first failure, and may end the others. */
export function createSideBySide<T>(
  { maxCount, maxBytes }: SideBySideLimits,
  onFailure: (error: unknown) => void,
): SideBySide<T> {
  const running = new Set<Promise<void>>();
  const results: T[] = [];
  let begun = 0;
  let runningBytes = 0;
  let failure: { readonly error: unknown } | undefined;
  const assertNoFailure = () => {
    if (failure) throw failure.error;
  };
  return {
    async turn() {
      while (running.size > 0 && (running.size >= maxCount || runningBytes >= maxBytes)) await Promise.race(running);
      assertNoFailure();
    },
    begin(sizeBytes, store) {
      const at = begun++;
      runningBytes += sizeBytes;
      const work = store()
        .then((result) => {
          results[at] = result;
        })
        .catch((error: unknown) => {
          if (failure) return;
          failure = { error };
          onFailure(error);
        })
        .finally(() => {
          runningBytes -= sizeBytes;
          running.delete(work);
        });
      running.add(work);
    },
    async all() {
      await Promise.all(running);
      assertNoFailure();
      return results;
    },
    async settled() {
      await Promise.all(running);
    },
  };
}
