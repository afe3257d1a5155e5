/** Tracks until when a grant is valid, by this process's clock. */
export type GrantValidity = {
  /** Sets a new end, on `performance.now()`. */
  renew(validUntilMs: number): void;
  /** Calls `listener` now and after each renewal with the remaining time in ms. */
  onRenewed(listener: (validMs: number) => void): void;
  stop(): void;
};

/** Calls `onExpired` when the grant was not renewed in time. The scheduler's clock is not used, because it may be unreachable. */
export function createGrantValidity(onExpired: () => void): GrantValidity {
  const listeners = new Set<(validMs: number) => void>();
  let untilMs = 0;
  let timer: NodeJS.Timeout | undefined;

  return {
    renew(validUntilMs) {
      untilMs = validUntilMs;
      const leftMs = untilMs - performance.now();
      clearTimeout(timer);
      if (leftMs <= 0) onExpired();
      else timer = setTimeout(onExpired, leftMs);
      for (const listener of listeners) listener(Math.max(0, leftMs));
    },
    onRenewed(listener) {
      listeners.add(listener);
      listener(Math.max(0, untilMs - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
