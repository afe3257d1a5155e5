/** Wakes the readers of a feed. */
export type Readers = {
  readonly size: number;
  /** Registers a reader; `wake` is called at each `wakeAll`. Returns a function that removes it. */
  add(wake: () => void): () => void;
  wakeAll(): void;
};

/** So many readers are woken in one turn of the event loop, because each writes a message. */
const wokenPerTurn = 64;

/** Creates an empty set of readers. */
export function createReaders(): Readers {
  const readers = new Set<() => void>();

  function wakeSome(waiting: readonly (() => void)[]): void {
    for (const wake of waiting.slice(0, wokenPerTurn)) wake();
    if (waiting.length > wokenPerTurn) setImmediate(wakeSome, waiting.slice(wokenPerTurn));
  }

  return {
    get size() {
      return readers.size;
    },
    add(wake) {
      readers.add(wake);
      return () => void readers.delete(wake);
    },
    wakeAll: () => wakeSome([...readers]),
  };
}
