import { AppError } from "@pixelmesh/errors";

/** Work that several callers wait for together. */
export type SharedWork<T> = {
  /**
   * Starts `work`, or joins the work of this key that is under way. An aborted caller rejects with its signal's reason, the others wait on;
   * the signal of the work is aborted when all callers have left. A failure is that of all callers.
   */
  run(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
};

type Running<T> = { callers: number; readonly ended: AbortController; readonly result: Promise<T> };

/** Creates an empty set of shared work. */
export function createSharedWork<T>(): SharedWork<T> {
  const all = new Map<string, Running<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const ended = new AbortController();
    const running: Running<T> = { callers: 0, ended, result: work(ended.signal).finally(() => forget(key, running)) };
    // Each caller that still waits gets the failure.
    running.result.catch(() => {});
    all.set(key, running);
    return running;
  }
  /** Returns whether the work was still known. */
  function forget(key: string, running: Running<T>): boolean {
    return all.get(key) === running && all.delete(key);
  }

  return {
    async run(key, work, signal) {
      signal.throwIfAborted();
      const running = all.get(key) ?? start(key, work);
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      running.callers += 1;
      try {
        return await Promise.race([running.result, aborted]);
      } finally {
        signal.removeEventListener("abort", onAbort);
        running.callers -= 1;
        if (running.callers === 0 && forget(key, running))
          running.ended.abort(new AppError("CANCELLED", "All callers have left"));
      }
    },
  };
}
