/** Wakes those that wait for it. */
export type Bell = {
  ring(): void;
  /** Resolves with the next ring, after `mostMs`, or when the signal is aborted. Never rejects. */
  wait(mostMs: number, signal: AbortSignal): Promise<void>;
};

/** Creates a bell. It keeps nothing of waits that are over. */
export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of waiting) wake();
    },
    wait(mostMs, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, mostMs);
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
  };
}
