/** A number of places, given first come, first served. */
export type Permits = {
  /** Waits for a place; throws the signal's reason. Returns what gives it back, once. */
  take(signal: AbortSignal): Promise<() => void>;
  readonly waiting: number;
};

/** Creates `count` free places. */
export function createPermits(count: number): Permits {
  let free = count;
  const waiting: (() => void)[] = [];

  function toRelease(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    };
  }

  return {
    get waiting() {
      return waiting.length;
    },
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return toRelease();
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = () => {
        const at = waiting.indexOf(resolve);
        if (at >= 0) waiting.splice(at, 1);
        reject(signal.reason);
      };
      waiting.push(resolve);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
      return toRelease();
    },
  };
}
