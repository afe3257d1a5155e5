import type { Logger } from "@pixelmesh/telemetry";
import type { BlobStore } from "../../domain/blob-store.ts";
import { createHotSnapshot, maxSnapshotCopies } from "./hot-snapshot.ts";
import type { HotTier } from "./hot-tier.ts";
import { refillHot } from "./refill-hot.ts";

/** Options of `keepHot`. */
export type KeepHotOptions = {
  /** The directory of this replica. */
  readonly directory: string;
  readonly hot: HotTier;
  readonly promote: BlobStore["promote"];
  /** Called with the blobs that the earlier process had in memory: the first read of one copies it to memory again. */
  expectAgain(digests: readonly string[]): void;
  /** Whether callers read blobs now. */
  isBusy(): boolean;
  /** Pause between two snapshots. */
  readonly everyMs: number;
  readonly log: Logger;
};

/**
 * Keeps popular blobs in memory across restarts: the uses of the most valuable copies are written regularly, and the copies of the last snapshot
 * are read again in the background. Resolves once the snapshot was read, to a function that stops both and writes the last snapshot.
 */
export async function keepHot(options: KeepHotOptions): Promise<() => Promise<void>> {
  const { directory, hot, promote, isBusy, everyMs, log } = options;
  const snapshot = createHotSnapshot(directory);
  const stopping = new AbortController();
  const uses = await snapshot.load();
  hot.recall(uses);
  options.expectAgain(uses.map(({ sha256 }) => sha256));

  let hasRefilled = false;
  const refilling = refillHot({ hot, promote, uses, isBusy, signal: stopping.signal }).then((copied) => {
    hasRefilled = !stopping.signal.aborted;
    if (copied > 0) log.info({ copied, known: uses.length }, "blobs that were read often are in memory again");
  });

  let hasFailed = false;
  async function save(): Promise<void> {
    // A snapshot of a half-filled memory would forget the rest.
    if (!hasRefilled) return;
    try {
      await snapshot.save(hot.mostValuable(maxSnapshotCopies));
      hasFailed = false;
    } catch (error) {
      if (!hasFailed)
        log.warn({ err: error }, "the list of blobs in memory cannot be written; a restart uses the last one");
      hasFailed = true;
    }
  }
  let saving = Promise.resolve();
  const timer = setInterval(() => {
    saving = saving.then(save);
  }, everyMs);
  timer.unref();

  return async () => {
    clearInterval(timer);
    stopping.abort();
    await refilling;
    await saving;
    await save();
  };
}
