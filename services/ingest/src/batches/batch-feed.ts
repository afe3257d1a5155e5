import { type Bus, followKeys } from "@pixelmesh/bus";
import { BatchProgress } from "@pixelmesh/proto";
import { type BatchStore, type StoredBatch, stateKey } from "./batch-store.ts";

/** The progress records of batches that are watched here. */
export type BatchFeeds = {
  /**
   * Yields the progress record now, then each newer one until the batch has ended, and at least every 10 s. A slow reader skips records in
   * between. Throws the signal's reason, and BATCH_NOT_FOUND if the batch is removed.
   */
  follow(batch: StoredBatch, signal: AbortSignal): AsyncGenerator<BatchProgress, void, undefined>;
  close(): Promise<void>;
};

/** A record is read again after this time without a new one, because a feed does not tell of a removed batch. */
const refreshMs = 10_000;

/** Opens no feed before the first watch. Each watched batch has one consumer at the broker, however many readers it has. */
export function createBatchFeeds(bus: Bus, batches: Pick<BatchStore, "get">): BatchFeeds {
  const feeds = new Map<string, ProgressFeed>();

  async function* read({ spec }: StoredBatch, feed: ProgressFeed, signal: AbortSignal) {
    for (;;) {
      const { progress, revision } = feed.newest();
      yield progress;
      if (progress.finishedUnixMs !== 0 && feed.newest().revision === revision) return;
      if (!(await feed.waitBeyond(revision, signal))) feed.offer(await batches.get(spec.batchId, spec.tenant));
    }
  }

  return {
    async *follow(batch, signal) {
      const { batchId } = batch.spec;
      if (batch.progress.finishedUnixMs !== 0) return yield batch.progress;
      const feed = feeds.get(batchId) ?? openProgressFeed(bus, batch);
      feeds.set(batchId, feed);
      feed.offer(batch);
      feed.users += 1;
      try {
        yield* read(batch, feed, signal);
      } finally {
        feed.users -= 1;
        if (feed.users === 0) {
          feeds.delete(batchId);
          await feed.close();
        }
      }
    },
    async close() {
      await Promise.all([...feeds.values()].map((feed) => feed.close()));
    },
  };
}

type Newest = Pick<StoredBatch, "progress" | "revision">;

/** The progress record of one batch, for all its readers. */
type ProgressFeed = {
  users: number;
  newest(): Newest;
  /** Takes a record that was read, if it is newer. */
  offer(record: Newest): void;
  /** Resolves to true once there is a newer record than this revision, to false after 10 s without one. Throws the signal's reason. */
  waitBeyond(revision: number, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
};

function openProgressFeed(bus: Bus, { spec, progress, revision }: StoredBatch): ProgressFeed {
  const wakes = new Set<() => void>();
  let newest: Newest = { progress, revision };

  function offer(record: Newest): void {
    if (record.revision <= newest.revision) return;
    newest = record;
    for (const wake of wakes) wake();
  }
  const source = followKeys(bus, {
    bucket: "batches",
    filter: stateKey(spec.batchId),
    onEntry({ sequence, value }) {
      if (sequence > newest.revision) offer({ progress: BatchProgress.decode(value), revision: sequence });
    },
    onCaughtUp() {},
  });

  return {
    users: 0,
    newest: () => newest,
    offer,
    async waitBeyond(seen, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wakes.add(resolve);
      const onAbort = () => resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      const timer = setTimeout(resolve, refreshMs);
      if (newest.revision === seen && !signal.aborted) await promise;
      clearTimeout(timer);
      wakes.delete(resolve);
      signal.removeEventListener("abort", onAbort);
      signal.throwIfAborted();
      return newest.revision > seen;
    },
    close: source.close,
  };
}
