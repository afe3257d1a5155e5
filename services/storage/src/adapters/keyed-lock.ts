/** Runs tasks of one key one after the other and of different keys at once. Holds no key that nobody uses. */
export type KeyedLock = { run<T>(key: string, task: () => Promise<T>): Promise<T> };

/** Makes a lock with no key held. */
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
