import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 250;

/** Calls `round` four times a second. A round that fails is followed by the next one. Disposal ends it after its present round. */
export function repeat(round: () => Promise<void>): AsyncDisposable {
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      // The API server answers again in a later round, or the check ends.
      await round().catch(() => {});
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loop;
    },
  };
}
