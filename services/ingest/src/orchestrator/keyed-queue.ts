/** Runs tasks of the same key one after another, in the order of the calls, and tasks of different keys in parallel. */
export type KeyedQueue = { run<T>(key: string, task: () => Promise<T>): Promise<T> };

/** Creates an empty queue. A failed task does not affect the tasks after it; a key without tasks takes no memory. */
export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const previous = tails.get(key) ?? Promise.resolve();
      const result = previous.then(task, task);
      const tail = result.catch(() => {});
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
  };
}
