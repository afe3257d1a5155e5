/** The messages that a long-lived stream is to send. The call iterates over them. */
export type SendQueue<T> = AsyncIterable<T> & {
  push(message: T): void;
  /** Ends the stream after the pushed messages. */
  end(): void;
};

/** Creates an empty queue for one consumer. Above `maxPending` unsent messages, the oldest is dropped. */
export function createSendQueue<T>(maxPending = 1_000): SendQueue<T> {
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
