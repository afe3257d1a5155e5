/** The sending side of a long-lived stream: what is pushed is iterated by the call. */
export type Outbox<T> = AsyncIterable<T> & {
  push(message: T): void;
  /** Ends the stream after what was pushed. */
  end(): void;
};

/** An empty outbox for one consumer. Unread messages are bounded: above `maxPending` the oldest is dropped. */
export function createOutbox<T>(maxPending = 1_000): Outbox<T> {
  const pending: T[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(message) {
      if (ended) return;
      pending.push(message);
      if (pending.length > maxPending) pending.shift();
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (pending.length > 0) yield pending.shift() as T;
        if (ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        if (pending.length === 0 && !ended) await promise;
      }
    },
  };
}
