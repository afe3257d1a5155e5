import { setTimeout as sleep } from "node:timers/promises";
import type { BlobIndex } from "../../domain/blob-index.ts";

/** How long a copy from the shared store waits for the index: a broker that is away delays no read. */
const waitMs = 20;

/** Creates a function that asks the index for the time that a use of a blob saves, in ms. It returns 0 if the index has none, fails or is slow. */
export function createSavedTimes(index: Pick<BlobIndex, "get">): (sha256: string) => Promise<number> {
  return async (sha256) => {
    const waiting = new AbortController();
    const asking = index.get(sha256).then(
      (found) => found?.entry.savedMs ?? 0,
      () => 0,
    );
    const late = sleep(waitMs, 0, { signal: waiting.signal }).catch(() => 0);
    const savedMs = await Promise.race([asking, late]);
    waiting.abort();
    return savedMs;
  };
}
