/** Runs tasks of one key one after another and tasks of different keys concurrently. Keys without tasks use no memory. */
export type KeyedLock = { run<T>(key: string, task: () => Promise<T>): Promise<T> };

/** Creates a lock. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    async run(key, task) {
      const before = tails.get(key);
      const turn = Promise.withResolvers<void>();
      tails.set(key, turn.promise);
      await before;
      try {
        return await task();
      } finally {
        if (tails.get(key) === turn.promise) tails.delete(key);
        turn.resolve();
      }
    },
  };
}
