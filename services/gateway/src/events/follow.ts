import { setTimeout as sleep } from "node:timers/promises";
import { AppError, clientRetriesOf, isAbort } from "@pixelmesh/errors";

const firstPauseMs = 100;
const longestPauseMs = 2_000;
/** How long a watch is opened again while ingest does not answer. */
const giveUpMs = 30_000;

/**
 * Yields what a watch of ingest yields, and opens it again while ingest stops or does not answer, for 30 s after the last message. `isOver` says after
 * which message the watch ends. Throws the failure that lasted, and the signal's reason.
 */
export async function* follow<T>(
  open: () => AsyncIterable<T>,
  isOver: (message: T) => boolean,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  let sinceMs = performance.now();
  let pauseMs = firstPauseMs;
  for (;;) {
    try {
      for await (const message of open()) {
        sinceMs = performance.now();
        pauseMs = firstPauseMs;
        yield message;
        if (isOver(message)) return;
      }
    } catch (error) {
      signal.throwIfAborted();
      const mayReturn = error instanceof AppError && !isAbort(error) && clientRetriesOf(error.reason) === "always";
      if (!mayReturn || performance.now() - sinceMs > giveUpMs) throw error;
    }
    await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal });
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
}
