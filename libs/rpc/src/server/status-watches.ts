/** The open watches of a value. */
export type StatusWatches<T> = {
  /** Makes all open watches read their value again. */
  notify(): void;
  /** Yields the value now and after each change. Throws the signal's reason if that is aborted. */
  watch(read: () => T, signal: AbortSignal): AsyncGenerator<T, void, undefined>;
};

/** Creates an empty set of watches. */
export function createStatusWatches<T>(): StatusWatches<T> {
  const wakes = new Set<() => void>();
  return {
    notify() {
      for (const wake of wakes) wake();
    },
    async *watch(read, signal) {
      let sent: T | undefined;
      for (;;) {
        signal.throwIfAborted();
        const { promise: isChanged, resolve: wake, reject } = Promise.withResolvers<void>();
        const onAbort = () => reject(signal.reason);
        wakes.add(wake);
        signal.addEventListener("abort", onAbort, { once: true });
        try {
          const value = read();
          if (value !== sent) yield value;
          sent = value;
          await isChanged;
        } finally {
          wakes.delete(wake);
          signal.removeEventListener("abort", onAbort);
        }
      }
    },
  };
}
