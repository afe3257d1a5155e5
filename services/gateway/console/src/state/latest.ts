/** Runs work for the newest value only. */
export type Latest<T> = {
  /** Asks for a run with this value. A value that waits is replaced. */
  push(value: T): void;
  /** Aborts the run and drops the value that waits. */
  stop(): void;
};

/**
 * Creates a runner that has one run at a time. While a run is young, a newer value waits for its end, so that results keep coming during a steady stream of
 * values. A run that takes longer than `maxAgeMs` is aborted for the newer value.
 */
export function createLatest<T>(run: (value: T, signal: AbortSignal) => Promise<void>, maxAgeMs: number): Latest<T> {
  let waiting: { readonly value: T } | undefined;
  let running: AbortController | undefined;
  let isOld = false;

  async function start(value: T): Promise<void> {
    const controller = new AbortController();
    running = controller;
    isOld = false;
    const timer = setTimeout(() => {
      isOld = true;
      if (waiting) controller.abort();
    }, maxAgeMs);
    try {
      await run(value, controller.signal);
    } finally {
      clearTimeout(timer);
      if (running === controller) {
        running = undefined;
        const next = waiting;
        waiting = undefined;
        if (next) void start(next.value);
      }
    }
  }

  return {
    push(value) {
      if (!running) {
        void start(value);
        return;
      }
      waiting = { value };
      if (isOld) running.abort();
    },
    stop() {
      waiting = undefined;
      running?.abort();
    },
  };
}
