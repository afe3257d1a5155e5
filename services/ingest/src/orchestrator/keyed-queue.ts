/** Runs tasks with the same key one after the other, tasks with different keys side by side. */
export type Serial = { run<T>(key: string, task: () => Promise<T>): Promise<T> };

/** No task waits for one of another key; keys with nothing to run are forgotten. */
export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const mine = before.then(task, task);
      const tail = mine.catch(() => {});
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return mine;
    },
  };
}
