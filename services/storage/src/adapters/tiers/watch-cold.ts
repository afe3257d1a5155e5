import { AppError, toAppError } from "@pixelmesh/errors";
import type { ColdStore } from "../../domain/cold-store.ts";

/** What a shared store was last seen to be: `up`, `full`, or `down` (it does not answer or refuses). */
export type ColdState = "up" | "full" | "down";

/** A shared store whose failures are noted. */
export type WatchedCold = ColdStore & {
  /** Throws STORAGE_FULL or STORAGE_UNAVAILABLE with a retry delay while the last call, at most 5 s ago, failed so. */
  assertUp(): void;
};

/** For how long a failure is taken for the state of the store. */
const freshMs = 5_000;
const retryAfterMs = 2_000;

/** Wraps a shared store: `onState` is called when its state changes, `onFailed` for each failed call. */
export function watchCold(
  cold: ColdStore,
  monotonicMs: () => number,
  { onState, onFailed }: { onState(state: ColdState, error?: unknown): void; onFailed(state: "full" | "down"): void },
): WatchedCold {
  let state: ColdState = "up";
  let sinceMs = 0;

  function set(next: ColdState, error?: unknown): void {
    sinceMs = monotonicMs();
    if (next === state) return;
    state = next;
    onState(next, error);
  }
  function noteFailure(error: unknown): void {
    const { reason } = toAppError(error);
    const failed = reason === "STORAGE_FULL" ? "full" : reason === "STORAGE_UNAVAILABLE" ? "down" : undefined;
    if (failed === undefined) return;
    onFailed(failed);
    set(failed, error);
  }
  async function watched<T>(call: Promise<T>, isWrite = false): Promise<T> {
    try {
      const result = await call;
      // A full store still answers reads: only a write shows that it has space again.
      if (isWrite || state === "down") set("up");
      return result;
    } catch (error) {
      noteFailure(error);
      throw error;
    }
  }
  async function* watchedChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      noteFailure(error);
      throw error;
    }
  }

  return {
    put: (sha256, source, signal) => watched(cold.put(sha256, source, signal), true),
    stat: (sha256, signal) => watched(cold.stat(sha256, signal)),
    async read(sha256, range, signal) {
      const chunks = await watched(cold.read(sha256, range, signal));
      return chunks && watchedChunks(chunks);
    },
    remove: (sha256, signal) => watched(cold.remove(sha256, signal)),
    quarantine: (sha256, signal) => watched(cold.quarantine(sha256, signal)),
    list: (limit, next, signal) => watched(cold.list(limit, next, signal)),
    check: (signal) => watched(cold.check(signal)),
    sweep: (signal) => watched(cold.sweep(signal)),
    close: () => cold.close(),
    assertUp() {
      if (state === "up" || monotonicMs() - sinceMs > freshMs) return;
      if (state === "full")
        throw new AppError("STORAGE_FULL", "The shared store is full: nothing in it may be evicted now", {
          retryAfterMs,
        });
      throw new AppError("STORAGE_UNAVAILABLE", "The shared store does not answer", { retryAfterMs });
    },
  };
}
